// error at 15:41: Argument of type 'Token<number>' is not assignable to parameter of type '"needs a class or a factory after it"'.
import { Application, Router, token } from "../../../mod.ts";

const Port = token<number>("Port");

class PortController {
  static readonly inject = [Port] as const;
  constructor(readonly port: number) {}
  get() {
    return this.port;
  }
}

// The mistake is that of the registration alone.
new Application(new Router()).singleton(Port).handle(PortController);
