// error: 'InjectMismatch<"inject[1]", "nothing", number>'

import { Container, token } from "../../mod.ts";

const Host = token<string>("Host");

class Listener {
  static readonly inject = [Host] as const;
  constructor(readonly host: string, readonly port: number) {}
}

new Container().register(Host, "::1").compile(Listener);
