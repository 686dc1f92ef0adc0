import {
  Context,
  type ControllerRoutes,
  HttpError,
  Server,
  type StandardSchemaV1,
} from "@neffos/mvc";
import { Accounts } from "./accounts.ts";
import { requireSameOrigin } from "./same_origin.ts";
import { Sessions } from "./sessions.ts";
import { isOf } from "./user.ts";

/** Clients stay away after the codes from 4500 on: they should sign in before. */
export const SIGNED_OUT = 4500;

/** What the form sends. */
interface Credentials {
  readonly name: string;
  readonly password: string;
}

/** Checks the form. Any library that follows Standard Schema does it, too. */
const Credentials: StandardSchemaV1<unknown, Credentials> = {
  "~standard": {
    version: 1,
    vendor: "example",
    validate(form) {
      const { name, password } = Object(form);
      return typeof name === "string" && typeof password === "string"
        ? { value: { name, password } }
        : { issues: [{ message: "A name and a password are wanted" }] };
    },
  },
};

/**
 * Signing in and out: its methods are the routes `POST /login`, `POST /logout`
 * and `GET /me`, which returns the user. It is built for each request.
 */
export class SignInController {
  static readonly inject = [Context, Accounts, Sessions, Server] as const;
  static readonly routes = {
    postLogin: {
      body: Credentials,
      maxBody: 4096,
      use: [requireSameOrigin],
    },
    postLogout: { use: [requireSameOrigin] },
  } as const satisfies ControllerRoutes;

  readonly #context: Context;
  readonly #accounts: Accounts;
  readonly #sessions: Sessions;
  readonly #server: Server;

  constructor(
    context: Context,
    accounts: Accounts,
    sessions: Sessions,
    server: Server,
  ) {
    this.#context = context;
    this.#accounts = accounts;
    this.#sessions = sessions;
    this.#server = server;
  }

  async postLogin(credentials: Credentials): Promise<Response> {
    const name = await this.#accounts.check(credentials);
    if (name === undefined) throw new HttpError(401, "Wrong name or password");
    await this.#sessions.begin(this.#context.cookies, name);
    return this.#context.redirect("/", 303);
  }

  /** Signs out, and closes what this sign-in has opened. */
  async postLogout(): Promise<Response> {
    const { cookies } = this.#context;
    const session = await this.#sessions.find(cookies);
    this.#sessions.end(cookies, session);
    for (const conn of this.#server.connections) {
      if (session !== undefined && isOf(session, conn)) {
        conn.close(SIGNED_OUT, "You have signed out");
      }
    }
    return this.#context.redirect("/", 303);
  }

  async getMe(): Promise<{ name: string | null }> {
    const session = await this.#sessions.find(this.#context.cookies);
    return { name: session?.name ?? null };
  }
}
