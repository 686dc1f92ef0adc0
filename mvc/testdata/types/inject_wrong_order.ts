// error at 14:68: Argument of type 'typeof Listener' is not assignable to parameter of type '["inject[0] gives", string, "but the constructor takes", number]'.

import { Container, token } from "../../mod.ts";

const Host = token<string>("Host");

const Port = token<number>("Port");

class Listener {
  static readonly inject = [Host, Port] as const;
  constructor(readonly port: number, readonly host: string) {}
}

new Container().register(Host, "::1").register(Port, 80).singleton(Listener);
