// error at 15:47: Argument of type 'typeof Listener' is not assignable to parameter of type '["inject[0] gives", string, "but the constructor takes", number]'.

import { Container, token } from "../../mod.ts";

const Host = token<string>("Host");

class Listener {
  static readonly inject = [Host] as const;
  readonly ports: number[];
  constructor(...ports: number[]) {
    this.ports = ports;
  }
}

new Container().register(Host, "::1").compile(Listener);
