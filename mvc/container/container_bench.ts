/** The container beside the same work by hand: `deno task bench:parts`. */

import { Container } from "./container.ts";

class Logger {}
class Session {
  static readonly inject = [Logger] as const;
  readonly logger: Logger;
  constructor(logger: Logger) {
    this.logger = logger;
  }
}
class Controller {
  static readonly inject = [Logger, Session] as const;
  readonly services: readonly unknown[];
  constructor(logger: Logger, session: Session) {
    this.services = [logger, session];
  }
}

function register() {
  return new Container().singleton(Logger).scoped(Session);
}

const container = register();
const plan = container.compile(Controller);
const singletons = new Map([[Logger, new Logger()]]);

/** What is kept cannot be left out by the compiler. */
export let kept: unknown;

const SCOPE = "a controller with two services";

Deno.bench("by hand", { group: SCOPE, baseline: true }, () => {
  const logger = singletons.get(Logger)!;
  kept = new Controller(logger, new Session(logger));
});

Deno.bench("a scope, which is then disposed", { group: SCOPE }, async () => {
  const scope = container.createScope();
  kept = plan.create(scope);
  await scope[Symbol.asyncDispose]();
});

const COMPILE = "a container, up to its plan";

Deno.bench("a Map", { group: COMPILE, baseline: true }, () => {
  kept = new Map<unknown, unknown>([[Logger, Logger], [Session, Session]]);
});

Deno.bench("register and compile", { group: COMPILE }, () => {
  kept = register().compile(Controller);
});
