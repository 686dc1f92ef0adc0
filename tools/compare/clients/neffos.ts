import { dial } from "../../../neffos/client.ts";
import { drive } from "./load.mjs";

const [port, messages] = Deno.args;
await drive(Number(messages), async () => {
  const client = await dial(`ws://127.0.0.1:${port}/`, { echo: {} });
  const nsConn = await client.connect("echo");
  return async (text: string) => (await nsConn.ask("onEcho", text)).text();
});
Deno.exit();
