import { assertEquals } from "@std/assert";

Deno.test({
  name: "stopOnSignal() ends the program though a client reads no more",
  ignore: Deno.build.os === "windows",
  async fn() {
    const signals = new URL("signals.ts", import.meta.url);
    const program = `
      import { stopOnSignal } from ${JSON.stringify(signals.href)};
      const listener = Deno.serve(
        { port: 0, hostname: "127.0.0.1", onListen() {} },
        () => new Response(new Uint8Array(50_000_000)),
      );
      stopOnSignal(() => listener.shutdown(), 100);
      console.log(listener.addr.port);
    `;
    await using process = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--allow-net",
        `data:,${encodeURIComponent(program)}`,
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const lines = process.stdout.pipeThrough(new TextDecoderStream());
    let port = "";
    for await (const line of lines.values({ preventCancel: true })) {
      port = line.trim();
      break;
    }
    using client = await Deno.connect({
      hostname: "127.0.0.1",
      port: Number(port),
    });
    const head = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    await client.write(new TextEncoder().encode(head));
    // The answer has begun, and most of it will stay unread.
    await client.read(new Uint8Array(1));
    process.kill("SIGTERM");
    const { code } = await process.status;
    await lines.cancel();
    assertEquals(code, 1);
  },
});
