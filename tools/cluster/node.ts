/** One server of a cluster, which takes commands: as a process or as a thread. */

import { hostOf } from "../../neffos/harness/mod.ts";
import {
  denoUpgrader,
  type ExchangeGap,
  type ExchangeOptions,
  type ExchangeStats,
  type Message,
  type NSConn,
  type Presence,
  Server,
} from "../../neffos/mod.ts";
import type { Commands } from "../soak/commands.ts";
import { type EngineName, findEngine } from "./engines.ts";
import { NAMESPACE } from "./frames.ts";

/** How a server begins. */
export interface StartArgument {
  readonly engine: EngineName;
  /** The port of the broker; for threads the number of their cluster. */
  readonly port: number;
  readonly options?: Pick<ExchangeOptions, "channels" | "heartbeat" | "go">;
  /** Whether it keeps who is there on all servers. */
  readonly hasPresence?: boolean;
}

/** What a server knows of itself. */
export interface NodeReport {
  readonly errors: readonly string[];
  /** Each change of the exchange's state, by `onState`. */
  readonly states: readonly boolean[];
  readonly gaps: readonly ExchangeGap[];
  readonly exchange: ExchangeStats;
}

/** Messages that a server sends by itself. */
export interface SayArgument {
  readonly rooms: readonly string[];
  readonly body: string;
}

class Node {
  readonly errors: string[] = [];
  readonly states: boolean[] = [];
  readonly gaps: ExchangeGap[] = [];
  readonly server: Server;
  #presence: Presence | undefined;
  #onChange = () => {};

  constructor() {
    this.server = new Server(denoUpgrader(), {
      [NAMESPACE]: {
        onSay: (nsConn: NSConn, msg: Message) =>
          nsConn.server.broadcast(null, msg),
        onAll: (nsConn: NSConn, msg: Message) =>
          nsConn.server.broadcast(null, msg),
        /** Sends a text to the room that it begins with. */
        onTell(nsConn: NSConn, msg: Message) {
          const body = msg.text();
          const room = body.slice(0, body.indexOf(" "));
          const event = "onSay";
          nsConn.server.broadcast(null, {
            namespace: NAMESPACE,
            room,
            event,
            body,
          });
        },
        onNamespaceConnected: (nsConn: NSConn) =>
          void this.#presence?.set(nsConn, { name: nsConn.id.slice(0, 8) }),
      },
    }, { onError: (error) => this.errors.push(String(error)) });
  }

  async start(argument: StartArgument): Promise<number> {
    const { engine, port, options = {}, hasPresence = false } = argument;
    const exchange = await findEngine(engine).connect(port);
    await this.server.useStackExchange(exchange, {
      ...options,
      onState: (isConnected) => {
        this.states.push(isConnected);
        this.#onChange();
      },
      onGap: (gap) => this.gaps.push(gap),
    });
    if (hasPresence) {
      const onChange = () => this.#onChange();
      const listener = { onJoin: onChange, onLeave: onChange };
      this.#presence = this.server.presence(NAMESPACE, "", listener);
    }
    const listener = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      (request, info) => this.server.upgrade(request, info),
    );
    return listener.addr.port;
  }

  /** Waits until a number of people are there, on all servers. */
  untilPeople(count: number): Promise<void> {
    return this.#until(() => this.#presence!.size === count);
  }

  /** Waits until the state of the exchange has changed a number of times. */
  untilStates(count: number): Promise<void> {
    return this.#until(() => this.states.length >= count);
  }

  /** Waits until it listens for all connections that it has now. */
  async settle(): Promise<void> {
    const [conn] = this.server.connections;
    if (conn !== undefined) await hostOf(conn).cluster!.whenSettled();
  }

  report(): NodeReport {
    const { errors, states, gaps } = this;
    return { errors, states, gaps, exchange: this.server.stats().exchange! };
  }

  async #until(condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve) =>
      this.#onChange = () => condition() && resolve()
    );
  }
}

/** Makes the commands of a server. */
export function makeCommands(): Commands {
  const node = new Node();
  return {
    start: (argument: StartArgument) => node.start(argument),
    untilPeople: (count: number) => node.untilPeople(count),
    untilStates: (count: number) => node.untilStates(count),
    settle: () => node.settle(),
    report: () => node.report(),
    /** Sends a message to each of some rooms. */
    say({ rooms, body }: SayArgument) {
      for (const room of rooms) {
        node.server.broadcast(null, {
          namespace: NAMESPACE,
          room,
          event: "onSay",
          body,
        });
      }
    },
    /** Handles nothing for some milliseconds. */
    block(ms: number) {
      const end = performance.now() + ms;
      while (performance.now() < end);
    },
  };
}
