import { assertEquals, assertStringIncludes } from "@std/assert";
import { MemoryServer, RawClient } from "../../neffos/harness/mod.ts";
import { serveNode } from "../node.ts";
import { Router } from "../router/router.ts";
import { dashboard } from "./dashboard.ts";

const LOCAL = { port: 0, hostname: "127.0.0.1", onListen() {} };

/** A listener on a free port. */
interface Listener {
  readonly addr: Deno.NetAddr;
  shutdown(): Promise<void>;
}

const LISTENERS: Readonly<
  Record<string, (router: Router) => Listener | Promise<Listener>>
> = {
  "Deno.serve()": (router) => Deno.serve(LOCAL, router.handler),
  "serveNode()": (router) => serveNode(router, LOCAL),
};

/** Reads events until one of them has a text. */
async function readUntil(
  reader: ReadableStreamDefaultReader<string>,
  text: string,
): Promise<void> {
  let read = "";
  while (!read.includes(text)) read += (await reader.read()).value;
}

for (const [name, listen] of Object.entries(LISTENERS)) {
  Deno.test(`dashboard() streams over ${name}, and notices that a page has gone`, async () => {
    await using memory = new MemoryServer({ chat: { onSay: () => "said" } });
    const { server } = memory;
    const router = new Router();
    router.any("/ops/*", dashboard(server, { guard: (_, next) => next() }));
    const listener = await listen(router);
    const url = `http://127.0.0.1:${listener.addr.port}/ops`;
    const page = await fetch(url);
    assertEquals(page.url, `${url}/`);
    assertStringIncludes(await page.text(), "<title>Dashboard</title>");

    const open = async () =>
      (await fetch(`${url}/events`)).body!.pipeThrough(new TextDecoderStream())
        .getReader();
    const reader = await open();
    await readUntil(reader, "event:sample");
    const client = await RawClient.open(
      memory,
      "M",
      "$1;chat;;_OnNamespaceConnect;0;0;",
      "$2;chat;;onSay;0;0;",
    );
    await client.until(3);
    await readUntil(reader, '"event":"onSay"');
    assertEquals(server.stats().handlers.length, 1);
    await reader.cancel();
    // With the last page it stops to measure, and its timer.
    while (server.stats().handlers.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }

    // A page that stays does not keep the listener.
    const last = await open();
    await readUntil(last, "event:sample");
    await server.close();
    await readUntil(last, "event:closing");
    assertEquals((await last.read()).done, true);
    await listener.shutdown();
  });
}
