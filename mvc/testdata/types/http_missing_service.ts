// error: is not assignable to parameter of type 'NotRegistered<Token<Database, string>>'
import { Application, Router, token } from "../../../mod.ts";

interface Database {
  find(id: string): unknown;
}
const Database = token<Database>("Database");

class UserController {
  static readonly inject = [Database] as const;
  constructor(readonly database: Database) {}
  getBy(id: string) {
    return this.database.find(id);
  }
}

new Application(new Router()).handle(UserController);
