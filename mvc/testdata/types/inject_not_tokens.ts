// error: 'InjectNotTokens<readonly ["Host"]>'

import { Container } from "../../mod.ts";

class Listener {
  static readonly inject = ["Host"] as const;
  constructor(readonly host: string) {}
}

new Container().singleton(Listener);
