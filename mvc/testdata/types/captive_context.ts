// error: ScopedInSingleton<typeof Context>
import { Application, Context, Router } from "../../../mod.ts";

class Log {
  static readonly inject = [Context] as const;
  constructor(readonly context: Context) {}
}

new Application(new Router()).singleton(Log);
