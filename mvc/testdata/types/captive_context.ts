// error at 9:41: Argument of type 'typeof Log' is not assignable to parameter of type '["inject[0] is scoped, and a singleton would keep the first one forever; register this with scoped():", typeof Context]'.
import { Application, Context, Router } from "../../../mod.ts";

class Log {
  static readonly inject = [Context] as const;
  constructor(readonly context: Context) {}
}

new Application(new Router()).singleton(Log);
