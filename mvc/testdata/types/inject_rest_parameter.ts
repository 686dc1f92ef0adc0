// error: parameter of type 'InjectMismatch<`inject[${number}]`, string, number>'

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
