/** The chat on Bun: `bun examples/bun/main.ts`. @module */

import { bunUpgrader } from "@neffos/mvc";
import { serveExample } from "../_shared/serve.ts";
import { HINT, makeChat } from "../chat/chat.ts";

const maxPayload = 64 * 1024;
const transpiler = new Bun.Transpiler({ loader: "ts" });
const upgrader = bunUpgrader({ maxPayload });
const { router, app, server } = makeChat(upgrader, {
  maxPayload,
  stripTypes: (source) => transpiler.transform(source),
});
await serveExample({
  handler: router.handler,
  server,
  app,
  hint: HINT,
  listen(handler, { port, hostname }) {
    const { websocket } = upgrader;
    const fetch = upgrader.fetch(handler);
    const listener = Bun.serve({ port, hostname, fetch, websocket });
    return { addr: listener, shutdown: () => listener.stop() };
  },
});

/** What this example takes of Bun, for editors without `@types/bun`. */
declare const Bun: {
  Transpiler: new (options: { loader: "ts" }) => {
    transform(source: string): Promise<string>;
  };
  serve(options: object): { readonly port: number; stop(): Promise<void> };
};
