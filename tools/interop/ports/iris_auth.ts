import {
  Application,
  Context,
  denoUpgrader,
  HttpError,
  type Message,
  NSConn,
  OnNamespaceConnected,
  Router,
  Server,
  websocketHandler,
} from "../../../mod.ts";
import { namedUsers, Notes } from "./notes.ts";
import type { Port, Served } from "./stage.ts";
import { Tokens } from "./tokens.ts";

const COOKIE = "auth";
const LIFETIME = 2 * 60 * 60;

/** A member, by the token of a request. */
class Member {
  constructor(readonly email: string, readonly tokenId: string) {}
}

/** The accounts, and the tokens of those who signed out. */
class Members {
  readonly #emails = new Set(["ann@example.com", "bob@example.com"]);
  readonly #out = new Set<string>();
  readonly #tokens: Tokens;

  constructor(tokens: Tokens) {
    this.#tokens = tokens;
  }

  async signIn(email: string): Promise<string> {
    if (!this.#emails.has(email)) throw new HttpError(401);
    const exp = Math.floor(Date.now() / 1000) + LIFETIME;
    return await this.#tokens.sign({ email, exp, jti: crypto.randomUUID() });
  }

  signOut({ tokenId }: Member): void {
    this.#out.add(tokenId);
  }

  /** Finds who sent a request. */
  async find(context: Context): Promise<Member> {
    const [scheme, sent] = context.header("authorization")?.split(" ") ?? [];
    const token = scheme === "Bearer" ? sent : context.cookies.get(COOKIE);
    const claims = token ? await this.#tokens.verify(token) : undefined;
    if (claims === undefined || this.#out.has(`${claims["jti"]}`)) {
      throw new HttpError(401);
    }
    return new Member(`${claims["email"]}`, `${claims["jti"]}`);
  }
}

class AccountController {
  static readonly inject = [Context, Members] as const;

  constructor(readonly context: Context, readonly members: Members) {}

  async postSignin() {
    const { username } = await this.context.readBody<{ username: string }>();
    const token = await this.members.signIn(username);
    this.context.cookies.set(COOKIE, token, { maxAge: LIFETIME });
    return { access_token: token };
  }

  async getSignout() {
    this.members.signOut(await this.members.find(this.context));
    this.context.cookies.delete(COOKIE);
    return this.context.text("");
  }
}

class MemberController {
  static readonly namespace = "default";
  static readonly inject = [NSConn, Member, Notes] as const;

  constructor(
    readonly nsConn: NSConn,
    readonly member: Member,
    readonly notes: Notes,
  ) {}

  OnChat({ namespace, event, ...msg }: Message) {
    const body = `${this.member.email}: ${msg.body}`;
    this.notes.note(this.nsConn, { namespace, event, body });
    this.nsConn.server.broadcast(this.nsConn, { namespace, event, body });
  }
}

async function serve(notes: Notes): Promise<Served> {
  const members = new Members(await Tokens.create(crypto.randomUUID()));
  const router = new Router();
  const app = new Application(router)
    .register(Notes, notes)
    .register(Members, members);
  app.handle(AccountController);

  const inside = app.party("/protected")
    .scoped(Member, [Context, Members], (context, all) => all.find(context));
  inside.router.use(async (context, next) => {
    await members.find(context);
    return next();
  });
  inside.handleWebsocket(MemberController);
  const server = new Server(denoUpgrader(), inside, namedUsers(notes));
  inside.router.get("/ws", websocketHandler(server));
  return { handler: router.handler, server };
}

/** The websocket controller behind a sign-in, of Iris' MVC examples. */
export const irisAuth: Port = {
  name: "Iris: MVC websocket with auth; neffos.js",
  original: "iris-auth",
  serve,
  async play({ server, page, request }) {
    const signIn = async (username: string) => {
      const body = new URLSearchParams({ username, password: "123456" });
      const what = `${username} signs in`;
      const init = { method: "POST", body };
      const { headers } = await request(what, "/signin", init);
      const [cookie] = headers.getSetCookie();
      return { cookie: cookie?.split(";")[0] ?? "" };
    };
    await signIn("mallory@example.com");
    await request("nobody comes in", "/protected/ws");
    const bearer = { authorization: "Bearer hello" };
    await request("no token", "/protected/ws", { headers: bearer });
    await page("mallory", "/protected/ws").saw("refused");

    const asAnn = await signIn("ann@example.com");
    const asBob = await signIn("bob@example.com");
    const ann = page("ann", "/protected/ws", { headers: asAnn });
    await ann.saw(OnNamespaceConnected);
    const bob = page("bob", "/protected/ws", { headers: asBob });
    await bob.saw(OnNamespaceConnected);
    ann.tell("say hello; I am Ann");
    await bob.saw("OnChat");
    bob.tell("say and I am Bob");
    await ann.saw("OnChat");

    await request("bob signs out", "/signout", { headers: asBob });
    await request("bob signs out again", "/signout", { headers: asBob });
    const late = page("late", "/protected/ws", { headers: asBob });
    await late.saw("refused");
    bob.tell("say still here");
    await ann.saw("OnChat", 2);
    bob.tell("exit");
    await server.saw("disconnected");
    ann.tell("exit");
    await server.saw("disconnected", 2);
  },
};
