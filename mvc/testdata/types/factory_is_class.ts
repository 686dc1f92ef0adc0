// error at 16:64: Argument of type 'typeof Postgres' is not assignable to parameter of type '"is a class: write (logger) => new Class(logger)"'.
import { Container, token } from "../../../mod.ts";

interface Store {
  get(key: string): string;
}
const Store = token<Store>("Store");
const Url = token<string>("Url");
class Postgres implements Store {
  constructor(readonly url: string) {}
  get(key: string) {
    return this.url + key;
  }
}

new Container().register(Url, "pg://").singleton(Store, [Url], Postgres);
