// error at 17:38: Argument of type 'typeof UserController' is not assignable to parameter of type '["inject[0] is not registered; register it earlier in this chain of calls:", Token<Database>]'.
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
