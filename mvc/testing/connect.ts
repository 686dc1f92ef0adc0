/**
 * {@linkcode connectTest}: connects a client of a test to a server, without a
 * port.
 *
 * @module
 */

import {
  type MemoryUpgrade,
  runMemoryUpgrade,
  type Session,
  sessionOf,
} from "../../neffos/internal.ts";
import {
  type AnyEvents,
  type Client,
  denoUpgrader,
  dial,
  DialError,
  Server,
  type Socket,
  socketPair,
  UpgradeError,
} from "../../neffos/mod.ts";
import { Application, serverOf } from "../application.ts";
import type { Party } from "../router/party.ts";
import { routesOf } from "../router/router.ts";
import { findServer } from "../websocket.ts";
import {
  addCause,
  closeConnection,
  enter,
  type TestClient,
  type TestClientOf,
  type TestConnection,
} from "./client.ts";
import { Inbox } from "./inbox.ts";
import { findRouter, makeRequest, send } from "./request.ts";
import { ServerWatch } from "./server_watch.ts";
import type {
  ConnectTestOptions,
  EntryOf,
  FetchHandler,
  TestTarget,
  WithBody,
} from "./types.ts";

/** How a browser asks for a websocket. */
const HANDSHAKE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** The longest time of a timer, in milliseconds. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/** The longest response that an error shows whole, in characters. */
const MAX_TEXT = 200;

/**
 * Connects a client to a server, without a port: through the route and its
 * middleware, the checks of the server, its hooks and guards, as a client
 * that comes over the network. Only the socket is one in memory.
 *
 * An application that no server has yet as its handler gets one.
 *
 * @typeParam C The type of the controller, or of the name of its namespace:
 * `connectTest<typeof ChatController>(app, "chat")`.
 * @param target The application, its router, its server, or another handler of
 * requests.
 * @param entry The class that handles the namespace, or its name.
 * @param args The request and the namespace; see {@linkcode ConnectTestOptions}.
 * @returns The client, in the namespace of the controller.
 * @throws {DialError} When the upgrade is refused, with its status; its cause
 * is an UpgradeError with the text and the headers of the response.
 * @throws {BadNamespaceError} When the server has no such namespace.
 * @throws {EventError} When a hook or a guard refuses.
 * @throws {TypeError} When it is not clear which route is meant, or its handler
 * uses no Server.
 * @throws {RangeError} When the timeout is not one that a timer can have.
 *
 * @example
 * ```ts
 * import {
 *   Application,
 *   contextOf,
 *   EventError,
 *   type NSConn,
 *   Router,
 * } from "@neffos/mvc";
 * import { connectTest } from "@neffos/mvc/testing";
 * import { assertRejects } from "@std/assert";
 *
 * class AdminController {
 *   onNamespaceConnect(nsConn: NSConn) {
 *     if (contextOf(nsConn).cookies.get("role") !== "admin") {
 *       throw new EventError("only admins may come in");
 *     }
 *   }
 *   onKick() {}
 * }
 *
 * const app = new Application(new Router());
 * app.handleWebsocket(AdminController);
 *
 * await assertRejects(
 *   () => connectTest(app, AdminController),
 *   EventError,
 *   "only admins may come in",
 * );
 * const cookies = { role: "admin" };
 * await using admin = await connectTest(app, AdminController, { cookies });
 * await admin.ask("onKick");
 * ```
 *
 * @category Testing
 */
export function connectTest<C extends object | string = AnyEvents>(
  target: TestTarget,
  entry: EntryOf<C>,
  ...[options]: WithBody<C, ConnectTestOptions<C>>
): Promise<TestClientOf<C>>;
/**
 * Connects a client to a server that has one namespace, or to the one of the
 * option `namespace`, without a port.
 *
 * @typeParam C The type of the controller.
 * @param target The application, its router, its server, or another handler of
 * requests.
 * @param options The request and the namespace.
 * @returns The client, in the namespace.
 * @throws {DialError} When the upgrade is refused, with its status.
 * @throws {TypeError} When the server has several namespaces, and none is named.
 *
 * @example
 * ```ts
 * import { denoUpgrader, Server } from "@neffos/mvc";
 * import { connectTest } from "@neffos/mvc/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const server = new Server(denoUpgrader(), {
 *   math: { onDouble: (_nsConn, msg) => 2 * msg.json<number>() },
 * });
 * const query = { unit: "metre" };
 * await using client = await connectTest(server, { query });
 * assertEquals((await client.ask("onDouble", 21)).json(), 42);
 * ```
 *
 * @category Testing
 */
export function connectTest<C extends object = AnyEvents>(
  target: TestTarget,
  ...[options]: WithBody<C, ConnectTestOptions<C>>
): Promise<TestClientOf<C>>;
export function connectTest(
  target: TestTarget,
  ...args: readonly unknown[]
): Promise<TestClient> {
  const [first, second] = args;
  const isNamed = typeof first === "string" || typeof first === "function";
  const options = (isNamed ? second : first) as ConnectTestOptions | undefined;
  return connect(target, isNamed ? first : undefined, options);
}

async function connect(
  target: TestTarget,
  entry: object | string | undefined,
  options: ConnectTestOptions = {},
): Promise<TestClient> {
  const { timeout = 5_000 } = options;
  if (
    !(typeof timeout === "number" && timeout >= 1 && timeout <= MAX_TIMEOUT)
  ) {
    throw new RangeError(
      `Cannot set "timeout" to ${timeout}: it must be a number of milliseconds from 1 to ${MAX_TIMEOUT}`,
    );
  }
  const endpoint = findEndpoint(target, options.path);
  let watch = endpoint.server && ServerWatch.of(endpoint.server);
  try {
    const upgraded = await upgrade(endpoint, options);
    const { session } = upgraded;
    watch = ServerWatch.of(session.conn.server);
    const connection = await open(upgraded, watch, timeout);
    try {
      return await enter(connection, entry, options);
    } catch (error) {
      await closeConnection(connection);
      throw error;
    }
  } catch (error) {
    if (watch !== undefined) addCause(error, watch);
    throw error;
  }
}

/** What answers the requests of clients for a websocket. */
interface Endpoint {
  readonly handler: FetchHandler;
  readonly path: string;
  /** The server, where it is known before a request. */
  readonly server?: Server | undefined;
}

function findEndpoint(target: TestTarget, path?: string): Endpoint {
  if (typeof target === "function") {
    return { handler: target, path: path ?? "/" };
  }
  if (target instanceof Server) return makeEndpoint(target, path);
  const { handler, routes } = readRoutes(target);
  if (target instanceof Application && routes.length === 0) {
    const server = serverOf(target) ?? new Server(denoUpgrader(), target);
    return makeEndpoint(server, path);
  }
  const [route, ...others] = routes;
  if (path !== undefined) {
    return {
      handler,
      path,
      server: others.length > 0 ? undefined : route?.server,
    };
  }
  const reason = route === undefined
    ? "there is no websocket route"
    : others.length > 0
    ? `there are several websocket routes (${
      routes.map(({ path }) => path).join(", ")
    }), so give the path of one as the option "path"`
    : /[:*{(?+]/.test(route.path)
    ? `the path of the route, ${route.path}, is a pattern, so give one as the option "path"`
    : undefined;
  if (reason !== undefined) throw new TypeError(`Cannot connect: ${reason}`);
  return { handler, ...route! };
}

/** Lists the websocket routes of an application's server, or of a party. */
function readRoutes(
  target: Application | Party,
): { handler: FetchHandler; routes: { path: string; server: Server }[] } {
  const router = findRouter(target);
  const routes = routesOf(router).flatMap(({ path, handler }) => {
    const server = findServer(handler);
    const isMeant = target instanceof Application
      ? server === serverOf(target)
      : `${path}/`.startsWith(target.path.replace(/\/?$/, "/"));
    return server !== undefined && isMeant ? [{ path, server }] : [];
  });
  return { handler: router.handler, routes };
}

/** Takes a server as it is, for one that has no route here. */
function makeEndpoint(server: Server, path = "/"): Endpoint {
  return {
    handler: (request, info) => server.upgrade(request, info),
    path,
    server,
  };
}

/** A request that has become a connection. */
interface Upgraded {
  readonly url: string;
  /** The end of the client. */
  readonly socket: Socket;
  /** The session of the server. */
  readonly session: Session;
}

/**
 * Sends the request for a websocket.
 *
 * @throws {DialError} When it is refused.
 */
async function upgrade(
  { handler, path }: Endpoint,
  options: ConnectTestOptions,
): Promise<Upgraded> {
  const { origin, protocols = [] } = options;
  const headers = new Headers(HANDSHAKE);
  if (origin !== undefined) headers.set("origin", origin);
  if (protocols.length > 0) {
    headers.set("sec-websocket-protocol", protocols.join(", "));
  }
  for (const [name, value] of new Headers(options.headers)) {
    headers.set(name, value);
  }
  const request = makeRequest(path, { ...options, headers });
  const { url } = request;
  const [socket, other] = socketPair();
  const sessions: Session[] = [];
  const memoryUpgrade: MemoryUpgrade = {
    upgrader: (_request, protocol) => {
      const response = new Response(null, { status: 101 });
      if (protocol !== undefined) {
        response.headers.set("sec-websocket-protocol", protocol);
      }
      return { socket: other, response };
    },
    onSession: (session) => void sessions.push(session),
  };
  const response = await runMemoryUpgrade(
    memoryUpgrade,
    () => send(handler, request, options),
  );
  const [session] = sessions;
  if (session !== undefined) return { url, socket, session };
  if (response.status === 101) {
    throw new TypeError(
      "Cannot connect: the request was upgraded, but not by a Server of this module",
    );
  }
  throw await makeRefusal(url, response);
}

async function makeRefusal(
  url: string,
  response: Response,
): Promise<DialError> {
  const { status } = response;
  const text = await response.text();
  const shown = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
  const headers = Object.fromEntries(response.headers);
  return new DialError(
    url,
    `the server answered ${status} instead of opening a WebSocket: ${shown}`,
    { status, cause: new UpgradeError(status, text, { headers }) },
  );
}

/** Makes the client, once the server has accepted it. */
async function open(
  { url, socket, session }: Upgraded,
  watch: ServerWatch,
  timeout: number,
): Promise<TestConnection> {
  watch.add(session);
  const { codec, handlers: { namespaces, native } } = session.host;
  const inboxes = new Map(
    Array.from(namespaces.keys(), (name) => [name, new Inbox(name)]),
  );
  const handlers = Object.fromEntries(
    Array.from(inboxes, ([name, inbox]) => [name, inbox.makeEvents(native)]),
  );
  let client: Client;
  try {
    client = await dial(url, handlers, {
      transport: () => socket,
      heartbeat: false,
      onError: watch.report,
      ...(codec !== undefined && { bodyCodec: codec }),
    });
  } catch (error) {
    await session.whenEnded();
    watch.tidy();
    throw error;
  }
  watch.add(sessionOf(client.conn));
  const connection: TestConnection = {
    client,
    session,
    watch,
    inboxes,
    timeout,
  };
  void client.closed.then((end) => connection.end = end);
  return connection;
}
