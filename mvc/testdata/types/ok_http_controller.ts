import {
  Application,
  type BeforeActivation,
  Context,
  type ControllerRoutes,
  type Middleware,
  NSConn,
  Router,
  Server,
  type StandardSchemaV1,
  token,
} from "../../../mod.ts";

interface Database {
  find(id: string): unknown;
}
const Database = token<Database>("Database");
declare const Login: StandardSchemaV1<unknown, { name: string }>;
// Like those of zod: with a narrower input.
declare const Page: StandardSchemaV1<{ page: string }, { page: number }>;
declare const guard: Middleware;

class UserController {
  static readonly inject = [Context, Server, Application, Database] as const;
  title?: string;
  static readonly routes = {
    search: "GET /search/:term",
    getBy: "/:id(\\d+)",
    getFilesBy: "/files/:a?/*",
    postLogin: { path: "/login", body: Login, query: Page, use: [guard] },
    putBy: { body: Login },
    save: { method: "PUT", path: "/:a/:b", query: Page },
    getHelper: false,
  } as const satisfies ControllerRoutes;

  constructor(
    readonly context: Context,
    readonly server: Server,
    readonly app: Application,
    readonly database: Database,
  ) {}

  static beforeActivation(b: BeforeActivation) {
    b.use(guard).handle("GET", "/by/:id", "getBy", guard);
  }

  get() {}
  getBy(id: string) {
    return this.database.find(id);
  }
  getUserByFriendsBy(_id: string, friend: string | undefined) {
    return friend;
  }
  getFilesBy(_a: string | undefined, _rest: string, _more = 1) {}
  /** Takes fewer arguments than its route gives. */
  deleteByOf() {}
  search(term: string) {
    return term;
  }
  postLogin(login: { name: string }, query: { page: number }) {
    return login.name + query.page;
  }
  putBy(id: string, { name }: { name: string }) {
    return id + name;
  }
  save(..._all: [string, string, { page: number }]) {}
  getHelper(n: number) {
    return n;
  }
  getter(n: number) {
    return n;
  }
  getByte() {}
  onChat(nsConn: NSConn) {
    return nsConn.id;
  }
}

// A field that is named like a route, and excluded.
class WithField {
  static readonly routes = { getTotal: false } as const;
  readonly getTotal = () => 1;
  readonly postCount: number = 0;
  readonly renamed = () => 1;
  get() {}
}

class WithoutConst {
  static routes = { find: "GET /:id" };
  find(id: string) {
    return id;
  }
}

class Child extends UserController {
  override getBy(id: string) {
    return id;
  }
}

const router = new Router();
const app = new Application(router.party("/users/:group"))
  .register(Database, { find: (id) => id })
  .handle(UserController)
  .handle(WithoutConst)
  .handle(WithField)
  .handle(Child)
  .handle({ get: () => "x", getBy: (id: string) => id })
  .handle(new WithoutConst());
app.party("/child").handle(UserController);

// Its methods may use the very application that handles it.
class Circular {
  get() {
    return circular.router.path;
  }
}
const circular = new Application(new Router()).handle(Circular);

router.post("/login", async (ctx) => {
  const login: { name: string } = await ctx.readBody(Login, { maxBody: 10 });
  const page: { page: number } = await ctx.readQuery(Page);
  const claimed: { a: string } = await ctx.readBody<{ a: string }>();
  const unknown: unknown = await ctx.readBody();
  return ctx.json([login, page, claimed, unknown]);
});

// With the explicit type that JSR requires: left to the check at start-up.
export class Published {
  static readonly routes: ControllerRoutes = { post: { body: Login } };
  post(login: { name: string }): string {
    return login.name;
  }
  helper(_a: number): void {}
}
new Application(new Router()).handle(Published);
