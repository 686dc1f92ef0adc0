/** A process that connections are led to. */
export interface Target {
  readonly name: string;
  readonly port: number;
  /** The number of its connections. */
  count: number;
}

/**
 * Leads a connection to the process with the fewest of them.
 *
 * @param client The connection.
 * @param targets The processes that are running.
 */
export async function leadConnection(
  client: Deno.Conn,
  targets: Iterable<Target>,
): Promise<void> {
  using _client = client;
  // Browsers open connections in advance: one without a word counts nowhere.
  const chunk = new Uint8Array(16_384);
  const length = await client.read(chunk);
  const [target] = [...targets]
    .sort((a, b) => a.count - b.count || a.name.localeCompare(b.name));
  if (length === null || target === undefined) return;
  target.count++;
  try {
    const { port } = target;
    using upstream = await Deno.connect({ hostname: "127.0.0.1", port });
    const writer = upstream.writable.getWriter();
    await writer.write(chunk.subarray(0, length));
    writer.releaseLock();
    // Where one side ends, both do.
    await Promise.race([
      client.readable.pipeTo(upstream.writable, { preventClose: true }),
      upstream.readable.pipeTo(client.writable, { preventClose: true }),
    ]);
  } finally {
    target.count--;
  }
}
