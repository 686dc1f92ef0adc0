// error at 12:40: Type '"cloud"' is not assignable to type '"memory" | "disk"'.
import { Container, token } from "../../../mod.ts";

interface Store {
  readonly kind: "memory" | "disk";
  get(key: string): string | undefined;
}
const Store = token<Store>("Store");
const Url = token<string>("Url");

new Container().register(Url, "pg://")
  .singleton(Store, [Url], (url) => ({ kind: "cloud", get: (key) => url + key }));
