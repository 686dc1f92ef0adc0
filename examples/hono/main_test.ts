import { assert, assertEquals } from "@std/assert";
import { dial } from "@neffos/mvc";
import { Example, lacksPackage, runExample } from "../_shared/example.ts";

const MAIN = new URL("main.ts", import.meta.url);

const NAME = "a route of Hono upgrades, and a controller injects its request";

/** A variable, since a machine without npm should still load this test. */
const HONO = "npm:hono@^4.13";

Deno.test({
  name: NAME,
  ignore: await lacksPackage(NAME, HONO),
  async fn() {
    await using example = await Example.start(MAIN);
    const page = await fetch(example.url);
    assertEquals(await page.text(), "Connect to /ws/room");

    const client = await dial(new URL("/ws/room?room=7", example.url), {
      room: {},
    });
    const room = await client.connect("room");
    assertEquals((await room.ask("onWhere", "hello")).json(), {
      path: "/ws/room",
      room: "7",
      remoteIp: "127.0.0.1",
      said: "hello",
    });
    await client.close();

    // What is no handshake gets the answer of the server, through Hono.
    const plain = await fetch(new URL("/ws/room", example.url));
    assertEquals(plain.status, 426);
    await plain.body?.cancel();

    const { code, out } = await runExample(MAIN, { args: ["--explain"] });
    assertEquals(code, 0);
    assert(out.includes("room  by RoomController"), out);
  },
});
