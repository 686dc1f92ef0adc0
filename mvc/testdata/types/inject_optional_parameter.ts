// error: parameter of type 'InjectMismatch<"inject[0]", string, number>'

import { Container, token } from "../../mod.ts";

const Host = token<string>("Host");

class Listener {
  static readonly inject = [Host] as const;
  constructor(readonly port: number, readonly backlog?: number) {}
}

new Container().register(Host, "::1").compile(Listener);
