/** Measures the cost of a scope: opening it, building a controller in it, disposing it. */

import { Container } from "../../mod.ts";
import { median } from "./median.ts";

const ROUNDS = 15;
const TIMES = 20_000;

/** The microseconds for each scope, and for the same work by hand. */
export interface ScopeCost {
  readonly ours: number;
  readonly byHand: number;
}

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
class Transaction implements Disposable {
  static readonly inject = [Database, Session] as const;
  readonly database: Database;
  readonly session: Session;
  isOpen = true;
  constructor(database: Database, session: Session) {
    this.database = database;
    this.session = session;
  }
  [Symbol.dispose](): void {
    this.isOpen = false;
  }
}
class Controller {
  static readonly inject = [
    Logger,
    Database,
    Session,
    Users,
    Transaction,
  ] as const;
  readonly services: readonly unknown[];
  readonly transaction: Transaction;
  constructor(
    logger: Logger,
    database: Database,
    session: Session,
    users: Users,
    transaction: Transaction,
  ) {
    this.services = [logger, database, session, users];
    this.transaction = transaction;
  }
}

/** Alternates between the container and `new`; returns the medians. */
export async function measureScopes(): Promise<ScopeCost> {
  await using container = new Container()
    .singleton(Logger)
    .singleton(Database)
    .scoped(Session)
    .scoped(Users)
    .scoped(Transaction);
  const plan = container.compile(Controller);
  const logger = new Logger();
  const database = new Database();
  let open = 0;

  async function runOurs(): Promise<void> {
    for (let i = 0; i < TIMES; i++) {
      const scope = container.createScope();
      const controller = plan.create(scope) as Controller;
      await scope[Symbol.asyncDispose]();
      // The compiler cannot remove a value that is read.
      if (controller.transaction.isOpen) open++;
    }
  }

  async function runByHand(): Promise<void> {
    for (let i = 0; i < TIMES; i++) {
      const session = new Session(logger);
      const users = new Users(session, database);
      const transaction = new Transaction(database, session);
      const controller = new Controller(
        logger,
        database,
        session,
        users,
        transaction,
      );
      await transaction[Symbol.dispose]();
      if (controller.transaction.isOpen) open++;
    }
  }

  const ours: number[] = [];
  const byHand: number[] = [];
  for (let round = -2; round < ROUNDS; round++) {
    const costs = [await time(runOurs), await time(runByHand)] as const;
    // The first rounds warm up.
    if (round < 0) continue;
    ours.push(costs[0]);
    byHand.push(costs[1]);
  }
  if (open > 0) throw new Error(`${open} transactions were not disposed`);
  return { ours: median(ours), byHand: median(byHand) };
}

async function time(run: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await run();
  return (performance.now() - start) / TIMES * 1000;
}
