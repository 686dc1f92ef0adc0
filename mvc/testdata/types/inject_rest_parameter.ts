// error: parameter of type 'InjectMismatch<`inject[${number}]`, string, number>'

import { Container } from "../../container/container.ts";
import { token } from "../../container/tokens.ts";

const Host = token<string>("Host");

class Listener {
  static readonly inject = [Host] as const;
  readonly ports: number[];
  constructor(...ports: number[]) {
    this.ports = ports;
  }
}

new Container().register(Host, "::1").compile(Listener);
