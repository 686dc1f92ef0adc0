/** A port that leads to a server, and that can be closed and stalled. */
export class Gate implements AsyncDisposable {
  readonly #target: number;
  readonly #pairs = new Set<Deno.TcpConn[]>();
  #listener: Deno.TcpListener;
  #accepting: Promise<void>;
  /** Settled unless the gate is stalled. */
  #flow = Promise.resolve();
  #goOn = () => {};

  /**
   * Opens it.
   *
   * @param target The port of the server.
   */
  constructor(target: number) {
    this.#target = target;
    this.#listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    this.#accepting = this.#accept();
  }

  /** The port that clients connect to. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Drops every connection without a close frame, and takes no new one. */
  async close(): Promise<void> {
    this.#listener.close();
    this.resume();
    for (const pair of this.#pairs) closeAll(pair);
    await this.#accepting;
  }

  /** Takes connections again, on the same port. */
  open(): void {
    const { port } = this;
    this.#listener = Deno.listen({ port, hostname: "127.0.0.1" });
    this.#accepting = this.#accept();
  }

  /** Forwards nothing more, as a network that silently goes away. */
  stall(): void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#flow = promise;
    this.#goOn = resolve;
  }

  /** Forwards again. */
  resume(): void {
    this.#goOn();
    this.#flow = Promise.resolve();
  }

  async #accept(): Promise<void> {
    try {
      for await (const client of this.#listener) void this.#join(client);
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #join(client: Deno.TcpConn): Promise<void> {
    const pair = [client];
    this.#pairs.add(pair);
    try {
      await this.#flow;
      const server = await Deno.connect({ port: this.#target });
      pair.push(server);
      if (!this.#pairs.has(pair)) closeAll(pair);
      await Promise.all([
        this.#forward(client, server),
        this.#forward(server, client),
      ]);
    } catch {
      // One side has ended: so does the other.
    } finally {
      this.#pairs.delete(pair);
      closeAll(pair);
    }
  }

  async #forward(from: Deno.TcpConn, to: Deno.TcpConn): Promise<never> {
    const writer = to.writable.getWriter();
    for await (const chunk of from.readable) {
      await this.#flow;
      await writer.write(chunk);
    }
    throw new Deno.errors.ConnectionReset();
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function closeAll(pair: Deno.TcpConn[]): void {
  for (const tcp of pair) {
    try {
      tcp.close();
    } catch {
      // It is closed.
    }
  }
}
