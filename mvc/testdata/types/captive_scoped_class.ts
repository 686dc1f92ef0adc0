// error: ScopedInSingleton<typeof Session>
import { Container, optional } from "../../../mod.ts";

class Session {}
class Log {
  static readonly inject = [optional(Session)] as const;
  constructor(readonly session: Session | undefined) {}
}

new Container().scoped(Session).singleton(Log);
