// error at 12:47: Argument of type 'typeof Listener' is not assignable to parameter of type '["inject[1] is missing: the constructor takes", number]'.

import { Container, token } from "../../mod.ts";

const Host = token<string>("Host");

class Listener {
  static readonly inject = [Host] as const;
  constructor(readonly host: string, readonly port: number) {}
}

new Container().register(Host, "::1").compile(Listener);
