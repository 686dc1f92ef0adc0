// error: Property '"static inject needs `as const`"' is missing in type 'typeof Listener'

import { Container, token } from "../../mod.ts";

const Host = token<string>("Host");

class Listener {
  static readonly inject = [Host];
  constructor(readonly host: string) {}
}

new Container().register(Host, "::1").singleton(Listener);
