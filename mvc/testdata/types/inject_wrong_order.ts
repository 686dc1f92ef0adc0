// error: 'InjectMismatch<"inject[0]", string, number> | InjectMismatch<"inject[1]", number, string>'

import { Container, token } from "../../mod.ts";

const Host = token<string>("Host");

const Port = token<number>("Port");

class Listener {
  static readonly inject = [Host, Port] as const;
  constructor(readonly port: number, readonly host: string) {}
}

new Container().register(Host, "::1").register(Port, 80).singleton(Listener);
