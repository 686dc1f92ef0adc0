// error: 'InjectNotTokens<readonly ["Host"]>'

import { Container } from "../../container/container.ts";

class Listener {
  static readonly inject = ["Host"] as const;
  constructor(readonly host: string) {}
}

new Container().singleton(Listener);
