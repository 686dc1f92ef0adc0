import {
  contextOf,
  denoUpgrader,
  EventError,
  HttpError,
  type Middleware,
  type Namespaces,
  OnNamespaceConnected,
  OnNamespaceDisconnect,
  Router,
  Server,
  websocketHandler,
  type WebsocketHandlerOptions,
} from "../../../mod.ts";
import { namedUsers, type Notes } from "./notes.ts";
import type { Port, Served } from "./stage.ts";
import { Tokens } from "./tokens.ts";

const SECRET = "only the ports know this secret!";

async function serve(notes: Notes): Promise<Served> {
  const tokens = await Tokens.create(SECRET);

  const isValid = async (bearer: string | null, parameter = "") => {
    const [scheme, sent] = bearer?.split(" ") ?? [];
    const token = scheme === "Bearer" ? sent! : parameter;
    return await tokens.verify(token) !== undefined;
  };

  const requireToken: Middleware = async ({ headers, query }, next) => {
    const token = query.get("token") ?? "";
    if (await isValid(headers.get("authorization"), token)) return next();
    throw new HttpError(401);
  };

  const handler: Namespaces = {
    default: {
      onNamespaceConnected(nsConn, { event, namespace }) {
        const body = contextOf(nsConn).remoteIp;
        notes.note(nsConn, { event, namespace, body });
      },
      onNamespaceDisconnect: (nsConn, msg) => notes.note(nsConn, msg),
      chat(nsConn, msg) {
        notes.note(nsConn, msg);
        nsConn.server.broadcast(nsConn, msg);
      },
    },
  };
  const server = new Server(denoUpgrader(), handler, namedUsers(notes));
  // What a page sends as parameters becomes headers with the upgrade.
  const late = new Server(denoUpgrader(), handler, {
    ...namedUsers(notes),
    async onConnect(conn) {
      if (!await isValid(conn.request.headers.get("authorization"))) {
        throw new EventError("the token is not valid");
      }
      notes.say(conn, "connected");
    },
  });
  const router = new Router();
  const named: WebsocketHandlerOptions = {
    idGenerator: (context) =>
      context.header("x-username") ?? crypto.randomUUID(),
  };
  router.party("/echo", requireToken)
    .get("/", websocketHandler(server, named));
  router.get("/late", websocketHandler(late, named));
  const end = () => late.close();
  return { handler: router.handler, server, end };
}

/** The basic example of Iris' websockets, with JSON Web Tokens. */
export const irisJwt: Port = {
  name: "Iris: basic with JWT; Go and neffos.js",
  original: "iris-jwt",
  serve,
  async play({ server, go, page, request }) {
    const tokens = await Tokens.create(SECRET);
    const others = await Tokens.create(`not ${SECRET}`);
    const now = Math.floor(Date.now() / 1000);
    const claims = { sub: "1", exp: now + 600 };
    const token = await tokens.sign(claims);
    const [header, payload] = token.split(".");
    const none = btoa('{"alg":"none","typ":"JWT"}').replaceAll("=", "");
    const wrong: Record<string, string> = {
      "no token": "",
      "no token at all": "hello",
      "an unsigned token": `${header}.${payload}.`,
      "a token that says it is unsigned": `${none}.${payload}.`,
      "another's token": await others.sign(claims),
      "an old token": await tokens.sign({ exp: now - 600 }),
    };
    for (const [what, token] of Object.entries(wrong)) {
      await request(what, `/echo?token=${token}`);
    }
    const bearer = (token: string) => ({
      "X-Websocket-Header-Authorization": `Bearer ${token}`,
      "X-Websocket-Header-X-Username": "dan",
    });
    const late = new URLSearchParams(bearer(token));
    await request("a token for later", `/echo?${late}`);
    const forged = { query: { token: wrong["another's token"]! } };
    await go("mallory", "/echo", forged).saw("refused");
    await page("mallet", "/echo", forged).saw("refused");

    await page("malice", "/late", {
      query: bearer(wrong["another's token"]!),
    }).saw("refused");
    const dan = page("dan", "/late", { query: bearer(token) });
    await dan.saw(OnNamespaceConnected);
    await server.saw(`dan ${OnNamespaceConnected}`);
    dan.tell("exit");
    await server.saw("dan disconnected");

    const ann = go("ann", "/echo", { query: { token } });
    await server.saw(`ann ${OnNamespaceConnected}`);
    const bob = page("bob", "/echo", {
      query: { token },
      headers: { "X-Username": "bob" },
    });
    await server.saw(`bob ${OnNamespaceConnected}`);
    const cy = page("cy", "/echo", {
      query: { token, "X-Websocket-Header-X-Username": "cy" },
    });
    await cy.saw(OnNamespaceConnected);
    await server.saw(`cy ${OnNamespaceConnected}`);
    ann.tell("say hello from Go; žluť");
    await bob.saw("chat");
    await cy.saw("chat");
    cy.tell("say hello from a page");
    await ann.saw("chat");
    await bob.saw("chat", 2);
    ann.tell("leave");
    await ann.saw(OnNamespaceDisconnect);
    await server.saw(`ann ${OnNamespaceDisconnect}`);
    bob.tell("exit");
    await server.saw("bob disconnected");
    cy.tell("exit");
    await server.saw("cy disconnected");
    ann.tell("exit");
    await server.saw("ann disconnected");
  },
};
