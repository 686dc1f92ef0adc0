// error at 10:43: Argument of type 'typeof Log' is not assignable to parameter of type '["inject[0] is scoped, and a singleton would keep the first one forever; register this with scoped():", Optional<typeof Session>]'.
import { Container, optional } from "../../../mod.ts";

class Session {}
class Log {
  static readonly inject = [optional(Session)] as const;
  constructor(readonly session: Session | undefined) {}
}

new Container().scoped(Session).singleton(Log);
