// error at 15:46: Argument of type 'typeof Listener' is not assignable to parameter of type '["inject[0] gives", number, "but the constructor takes", URL]'.
import { Container, token } from "../../../mod.ts";

const Port = token<number>("Port");
class Listener {
  static readonly inject = [Port] as const;
  readonly address: string;
  constructor(address: string);
  constructor(address: URL);
  constructor(address: string | URL) {
    this.address = String(address);
  }
}

new Container().register(Port, 80).singleton(Listener);
