// error at 11:27: Argument of type 'typeof Database' is not assignable to parameter of type '"must be a class with a public constructor"'.
import { Container } from "../../../mod.ts";

class Database {
  private constructor() {}
  static connect() {
    return new Database();
  }
}

new Container().singleton(Database);
