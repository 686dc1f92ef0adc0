import { type CheckedClass, type CheckedDeps, type Constructor, Container, type Dependency, type Factory, optional, type Plan, type ServiceOf, type ServiceToken, type Token, token } from "../../mod.ts";

interface Logger {
  log(text: string): void;
}

const Logger = token<Logger>("Logger");

const DbUrl = token<string, "DbUrl">("DbUrl");

const Secret = token<string, "Secret">("Secret");

abstract class Store {
  abstract get(key: string): string | undefined;
}

class NSConn {
  readonly id: string = "";
}

class Database extends Store {
  static readonly inject = [DbUrl, optional(Logger)] as const;
  constructor(readonly url: string, readonly logger?: Logger) {
    super();
  }
  get(key: string): string {
    return key;
  }
}

class Postgres extends Database {
  readonly version = 18;
}

class Session {
  static inject = [NSConn, Store, Logger] as const;
  constructor(readonly conn: NSConn, readonly store: Store, logger: Logger) {
    logger.log(conn.id);
  }
}

class Late {
  static readonly inject = [Secret] as const;
  constructor(readonly secret: string, readonly rest = 1) {}
}

// Parameters of values and factories get their types from the tokens.
const container = new Container({ provided: [NSConn] })
  .register(Logger, { log: (text) => console.log(text.length) })
  .register(DbUrl, "pg://")
  .singleton(Store, Database)
  .singleton(Database)
  .singleton(Secret, [DbUrl, Logger], async (url, logger) => {
    logger.log(url.trim());
    return await Promise.resolve("s3cr3t");
  })
  .scoped(Session);

export const session: Plan<Session> = container.compile(Session);

export const unregistered: Plan<Late> = container.compile(Late);

export const some: Plan<[Logger, string | undefined]> = container.compile({
  deps: [Logger, optional(DbUrl)],
});

// A generic class is its own token, whatever its type argument.
class Repository<T> {
  readonly items: T[] = [];
}

class Reader {
  static readonly inject = [Repository] as const;
  constructor(readonly texts: Repository<string>) {}
}

container.singleton(Repository).compile(Reader);

container.scoped(Repository).compile(Reader);

// A class and its subclass are two tokens.
const both = new Container({ provided: [Database, Postgres] });

both.compile({ deps: [Database, Postgres] });

const child = new Container().createChild({ provided: [Postgres, Database] });

child.compile({ deps: [Database, Postgres] });

// A function may require a container with at least some tokens.
function addLate(
  to: Container<typeof Secret | typeof Logger>,
): Container<typeof Late | typeof Secret | typeof Logger> {
  return to.singleton(Late);
}

addLate(container).compile(Late);

// A function may add to any container.
function addPort<R extends ServiceToken>(
  to: Container<R>,
): Container<R | Token<number, "Port">> {
  return to.register(token<number, "Port">("Port"), 80);
}

addPort(container).compile(Session);

// If the types check nothing, every token counts as registered.
const unchecked = new Container<ServiceToken>();

unchecked.singleton(Session).compile({ deps: [Secret] });

unchecked.scoped(Secret, [DbUrl], (url) => url.trim());

// The checks can be used to wrap a container.
export class Wrapper<in Registered extends ServiceToken = never> {
  readonly #container = new Container<ServiceToken>();

  scoped<C extends Constructor>(
    token: CheckedClass<C, Registered | typeof NSConn>,
  ): Wrapper<Registered | C>;
  scoped<K extends ServiceToken, const Deps extends readonly Dependency[]>(
    token: K,
    deps: CheckedDeps<Deps, Registered | typeof NSConn>,
    factory: Factory<Deps, ServiceOf<K>>,
  ): Wrapper<Registered | K>;
  scoped(...args: never[]): Wrapper<ServiceToken> {
    const register: (...args: never[]) => unknown = this.#container.scoped;
    register.apply(this.#container, args);
    return this as Wrapper<Registered | ServiceToken>;
  }

  compile<C extends Constructor>(
    Class: CheckedClass<C, Registered | typeof NSConn>,
  ): unknown {
    return this.#container.compile(Class as C);
  }
}

new Wrapper()
  .scoped(Store, [NSConn], (conn) => new Database(conn.id))
  .scoped(Logger, [Store], (store) => ({ log: (text) => store.get(text) }))
  .compile(Session);
