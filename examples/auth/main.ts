/**
 * Authentication: a form, a signed cookie, and a websocket for those who have
 * it.
 *
 * ```sh
 * deno run -A examples/auth/main.ts
 * ```
 *
 * Then open http://localhost:8080/ and sign in as Ann with "correct horse", or
 * as Bob with "battery staple". The environment variables PORT and HOST, or
 * `--port=0` for any free port, choose another address. AUTH_KEY is what the
 * cookies are signed with, else a random key. `@std/http` comes from JSR; where
 * that cannot be reached, `deno task start:auth` starts the example as well.
 *
 * @module
 */

import { parseArgs } from "node:util";
import {
  Application,
  Conn,
  Context,
  denoUpgrader,
  type Middleware,
  Router,
  Server,
  websocketHandler,
} from "@neffos/mvc";
import { stopOnSignal } from "../_shared/signals.ts";
import { mountPage } from "../_shared/pages.ts";
import { Accounts } from "./accounts.ts";
import { MembersController } from "./members_controller.ts";
import { Sessions } from "./sessions.ts";
import { SignInController } from "./sign_in_controller.ts";
import { findUser, User } from "./user.ts";

const { values } = parseArgs({ options: { port: { type: "string" } } });
const port = Number(values.port ?? Deno.env.get("PORT") ?? 8080);
const hostname = Deno.env.get("HOST") ?? "127.0.0.1";

/** A middleware: who one is, is nothing to be kept on the way. */
const forbidCaching: Middleware = async (_ctx, next) => {
  const response = await next();
  response.headers.set("cache-control", "no-store");
  return response;
};

// Cookies need it. Without this the first who signs in would find out.
await import("@std/http/cookie").catch(() =>
  exitWithError(
    new Error(
      'Cannot load @std/http from JSR: run "deno task start:auth", which uses a stand-in where JSR cannot be reached',
    ),
  )
);

const router = new Router();
const sessions = await Sessions.create(Deno.env.get("AUTH_KEY"))
  .catch(exitWithError);

// One set of services for HTTP and for websockets.
const app = new Application(router.party("/", forbidCaching))
  .register(Sessions, sessions)
  .singleton(Accounts);
app.handle(SignInController);

// The user is found anew for each connection, by the request it came from.
const members = app.party("/websocket_endpoint")
  .scoped(User, [Context, Conn, Sessions], findUser);
members.handleWebsocket(MembersController);

// Pages of other origins are refused, which is the server's default.
const server = new Server(denoUpgrader(), members);
members.router.get("/", websocketHandler(server));

mountPage(router, new URL("page/", import.meta.url));

const listener = router.listen({
  port,
  hostname,
  onListen: ({ port }) => {
    const host = hostname === "127.0.0.1" ? "localhost" : hostname;
    console.log(`Open http://${host}:${port}/ in your browser`);
  },
});

stopOnSignal(async () => {
  await server.close();
  await listener.shutdown();
  await app[Symbol.asyncDispose]();
});

/** Ends the program with a sentence: its environment is at fault, and a stack trace would not help. */
function exitWithError(error: Error): never {
  console.error(error.message);
  Deno.exit(1);
}
