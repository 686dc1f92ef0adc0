// error at 12:49: Argument of type 'typeof Listener' is not assignable to parameter of type '"static inject needs as const: static readonly inject = [...] as const"'.

import { Container, token } from "../../mod.ts";

const Host = token<string>("Host");

class Listener {
  static readonly inject = [Host];
  constructor(readonly host: string) {}
}

new Container().register(Host, "::1").singleton(Listener);
