/**
 * Authentication: a form, a signed cookie, and a websocket for users who have
 * it.
 *
 * ```sh
 * deno run -A examples/auth/main.ts
 * ```
 *
 * @module
 */

import { fileURLToPath } from "node:url";
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
import { mountPage } from "../_shared/pages.ts";
import { exitWithError, serveExample } from "../_shared/serve.ts";
import { Accounts } from "./accounts.ts";
import { MembersController } from "./members_controller.ts";
import { Sessions } from "./sessions.ts";
import { SignInController } from "./sign_in_controller.ts";
import { findUser, User } from "./user.ts";

/** A middleware: no cache may keep the name of a user. */
const forbidCaching: Middleware = async (_ctx, next) => {
  const response = await next();
  response.headers.set("cache-control", "no-store");
  return response;
};

// Cookies need it. Without this the first user to sign in would find out.
await import("@std/http/cookie").catch(() =>
  exitWithError(
    'Cannot load @std/http from JSR: run "deno task start:auth", which uses a stand-in where JSR cannot be reached',
  )
);

const sessions = await Sessions.open({
  file: Deno.env.get("AUTH_FILE") ??
    fileURLToPath(new URL("sessions.json", import.meta.url)),
  secret: Deno.env.get("AUTH_KEY"),
}).catch((error) => exitWithError(error.message));

const router = new Router();

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

await serveExample({
  handler: router.handler,
  server,
  app,
  hint: 'Sign in as Ann ("correct horse") or as Bob ("battery staple").',
});
