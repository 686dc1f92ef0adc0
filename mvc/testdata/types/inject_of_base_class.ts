// error at 15:50: Argument of type 'typeof Pool' is not assignable to parameter of type '["inject[1] is missing: the constructor takes", number]'.
import { Container, token } from "../../../mod.ts";

const Url = token<string>("Url");
class Database {
  static readonly inject = [Url] as const;
  constructor(readonly url: string) {}
}
class Pool extends Database {
  constructor(url: string, readonly size: number) {
    super(url);
  }
}

new Container().register(Url, "pg://").singleton(Pool);
