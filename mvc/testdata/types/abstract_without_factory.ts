// error at 9:27: Argument of type 'typeof Store' is not assignable to parameter of type '"is abstract, and only a class that extends it can be built"'.

import { Container } from "../../mod.ts";

abstract class Store {
  abstract get(key: string): unknown;
}

new Container().singleton(Store);
