// error at 10:27: Argument of type 'typeof Listener' is not assignable to parameter of type '["inject[0] must be a token, a class or optional():", "Host"]'.

import { Container } from "../../mod.ts";

class Listener {
  static readonly inject = ["Host"] as const;
  constructor(readonly host: string) {}
}

new Container().singleton(Listener);
