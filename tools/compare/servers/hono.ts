// The specifiers are arguments, so that nothing of npm is loaded by other tools.
const [hono, adapter] = Deno.args;
const { Hono } = await import(hono!);
const { upgradeWebSocket } = await import(adapter!);

const app = new Hono();
app.get(
  "/",
  upgradeWebSocket(() => ({
    onMessage({ data }: MessageEvent, ws: { send(data: string): void }) {
      ws.send(data);
    },
  })),
);
Deno.serve({
  port: 0,
  hostname: "127.0.0.1",
  onListen: ({ port }) => console.log(port),
}, app.fetch);
