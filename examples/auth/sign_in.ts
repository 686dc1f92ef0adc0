import type { Context, Party, Server } from "@neffos/mvc";
import type { Accounts } from "./accounts.ts";
import { requireSameOrigin } from "./same_origin.ts";
import type { Sessions } from "./sessions.ts";
import { isOf } from "./user.ts";

/** What signing in and out needs. */
export interface SignInOptions {
  readonly accounts: Accounts;
  readonly sessions: Sessions;
  /** Whose connections are closed when their user signs out. */
  readonly server: Server;
}

/** Clients stay away after the codes from 4500 on: they should sign in before. */
export const SIGNED_OUT = 4500;

/** The longest form, in bytes, that a name and a password need. */
const LONGEST_FORM = 4096;

/**
 * Mounts `POST /login`, `POST /logout`, and `GET /me`, which says who one is.
 *
 * @param party The party of a router.
 * @param options What it needs.
 */
export function mountSignIn(party: Party, options: SignInOptions): void {
  const { accounts, sessions, server } = options;

  async function signIn(ctx: Context): Promise<Response> {
    const form = await readForm(ctx);
    if (form instanceof Response) return form;
    const name = await accounts.check(
      form.get("name") ?? "",
      form.get("password") ?? "",
    );
    if (name === undefined) {
      return ctx.text("Wrong name or password", { status: 401 });
    }
    const response = ctx.redirect("/", 303);
    const isSecure = ctx.url.protocol === "https:";
    await sessions.begin(response.headers, { name, isSecure });
    return response;
  }

  async function signOut(ctx: Context): Promise<Response> {
    const session = await sessions.find(ctx.headers);
    const response = ctx.redirect("/", 303);
    sessions.end(response.headers, session);
    for (const conn of server.connections) {
      if (session !== undefined && isOf(session, conn)) {
        conn.close(SIGNED_OUT, "signed out");
      }
    }
    return response;
  }

  async function showMe(ctx: Context): Promise<Response> {
    const session = await sessions.find(ctx.headers);
    return ctx.json({ name: session?.name ?? null });
  }

  const answers = party.party("/", async (_ctx, next) => {
    const response = await next();
    response.headers.set("cache-control", "no-store");
    return response;
  });
  answers.get("/me", showMe);
  answers.post("/login", requireSameOrigin, signIn);
  answers.post("/logout", requireSameOrigin, signOut);
}

/** Reads a form, or says what is wrong with it before a long one is in memory. */
async function readForm(ctx: Context): Promise<URLSearchParams | Response> {
  const type = ctx.header("content-type") ?? "";
  if (!type.startsWith("application/x-www-form-urlencoded")) {
    return ctx.text("Unsupported Media Type", { status: 415 });
  }
  const length = ctx.header("content-length");
  if (length === undefined) return ctx.text("Length Required", { status: 411 });
  if (Number(length) > LONGEST_FORM) {
    return ctx.text("Content Too Large", { status: 413 });
  }
  return new URLSearchParams(await ctx.request.text());
}
