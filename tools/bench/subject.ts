import type { Child } from "../soak/child.ts";
import { cpuSeconds } from "../soak/cpu.ts";
import type { OpenArgument, PrepareArgument } from "./driver/main.ts";
import { type Command, type Memory, RunningServer } from "./running.ts";
import type { ServerSpec } from "./servers.ts";

/** What a load cost. */
export interface Cost {
  /** The CPU time of the server for each message, in microseconds. */
  readonly micros: number;
  /** The CPU time of the driver, as a share of one core. */
  readonly busy: number;
}

/** A server that runs, and its connections in the driver. */
export class Subject implements AsyncDisposable {
  readonly spec: ServerSpec;
  readonly #server: RunningServer;
  readonly #driver: Child;
  /** From the start of its process to its first open connection, in milliseconds. */
  readonly startUp: number;

  private constructor(
    spec: ServerSpec,
    { server, driver, startUp }: {
      server: RunningServer;
      driver: Child;
      startUp: number;
    },
  ) {
    this.spec = spec;
    this.#server = server;
    this.#driver = driver;
    this.startUp = startUp;
  }

  /**
   * Starts a server and connects to it.
   *
   * @throws {Error} When it does not start or answers wrongly.
   */
  static async start(
    spec: ServerSpec,
    { command, driver, sockets }: {
      command: Command;
      driver: Child;
      sockets: number;
    },
  ): Promise<Subject> {
    const start = performance.now();
    const server = await RunningServer.start(command, sockets);
    try {
      const argument = { port: server.port, dialect: spec.dialect };
      await driver.tell("open", { ...argument, size: 1 });
      const startUp = performance.now() - start;
      await driver.tell("close", argument);
      return new Subject(spec, { server, driver, startUp });
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Opens connections until there are as many. */
  async open(size: number): Promise<void> {
    const argument: OpenArgument = { ...this.#argument, size };
    await this.#driver.tell("open", argument);
  }

  /** Sets the message of the next loads. */
  async prepare(
    message: Omit<PrepareArgument, "port" | "dialect">,
  ): Promise<void> {
    await this.#driver.tell("prepare", { ...this.#argument, ...message });
  }

  /** Lets the driver do something with the connections. */
  tell<T>(command: string, options: object = {}): Promise<T> {
    return this.#driver.tell<T>(command, { ...this.#argument, ...options });
  }

  /** Measures the CPU time of a load, which resolves with its messages. */
  async cost(load: () => Promise<number>): Promise<Cost> {
    const start = performance.now();
    const [server, driver] = await this.#cpu();
    const messages = await load();
    const [serverEnd, driverEnd] = await this.#cpu();
    const seconds = (performance.now() - start) / 1000;
    return {
      micros: (serverEnd - server) / messages * 1e6,
      busy: (driverEnd - driver) / seconds,
    };
  }

  memory(): Promise<Memory> {
    return this.#server.memory();
  }

  /** Ends the connections. */
  async close(): Promise<void> {
    await this.#driver.tell("close", this.#argument);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await this.#server[Symbol.asyncDispose]();
  }

  get #argument() {
    return { port: this.#server.port, dialect: this.spec.dialect };
  }

  #cpu(): Promise<[server: number, driver: number]> {
    return Promise.all([this.#server.cpu(), cpuSeconds(this.#driver.pid)]);
  }
}
