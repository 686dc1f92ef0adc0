// error: Cannot assign an abstract constructor type to a non-abstract constructor type

import { Container } from "../../mod.ts";

abstract class Store {
  abstract get(key: string): unknown;
}

new Container().singleton(Store);
