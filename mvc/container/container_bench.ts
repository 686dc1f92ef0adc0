/** The container beside the same work by hand: `deno task bench:parts`. */

import { Container } from "./container.ts";

class Logger {}
class Database {}
class Session {
  static readonly inject = [Logger] as const;
  readonly logger: Logger;
  constructor(logger: Logger) {
    this.logger = logger;
  }
}
class Users {
  static readonly inject = [Session, Database] as const;
  readonly session: Session;
  readonly database: Database;
  constructor(session: Session, database: Database) {
    this.session = session;
    this.database = database;
  }
}
class Controller {
  static readonly inject = [Logger, Database, Session, Users] as const;
  readonly services: readonly unknown[];
  constructor(
    logger: Logger,
    database: Database,
    session: Session,
    users: Users,
  ) {
    this.services = [logger, database, session, users];
  }
}

const container = new Container()
  .singleton(Logger)
  .singleton(Database)
  .scoped(Session)
  .scoped(Users);
const plan = container.compile(Controller);
const singletons = new Map<unknown, unknown>([
  [Logger, new Logger()],
  [Database, new Database()],
]);

const SCOPE = "a controller with four services";

Deno.bench("by hand", { group: SCOPE, baseline: true }, () => {
  const logger = singletons.get(Logger) as Logger;
  const database = singletons.get(Database) as Database;
  const session = new Session(logger);
  new Controller(logger, database, session, new Users(session, database));
});

Deno.bench("a scope, which is then disposed", { group: SCOPE }, async () => {
  const scope = container.createScope();
  plan.create(scope);
  await scope[Symbol.asyncDispose]();
});

const COMPILE = "a container, up to its plan";

Deno.bench("a Map", { group: COMPILE, baseline: true }, () => {
  new Map<unknown, unknown>([
    [Logger, Logger],
    [Database, Database],
    [Session, Session],
    [Users, Users],
  ]);
});

Deno.bench("register and compile", { group: COMPILE }, () => {
  new Container()
    .singleton(Logger)
    .singleton(Database)
    .scoped(Session)
    .scoped(Users)
    .compile(Controller);
});
