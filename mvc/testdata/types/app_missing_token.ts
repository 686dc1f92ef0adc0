// error at 17:47: Argument of type 'typeof UserController' is not assignable to parameter of type '["inject[1] is not registered; register it earlier in this chain of calls:", Token<Database>]'.
import { Application, type Message, NSConn, Router, token } from "../../../mod.ts";

interface Database {
  find(id: string): unknown;
}
const Database = token<Database>("Database");

class UserController {
  static readonly inject = [NSConn, Database] as const;
  constructor(readonly nsConn: NSConn, readonly db: Database) {}
  onFind(msg: Message) {
    return this.db.find(msg.text());
  }
}

new Application(new Router()).handleWebsocket(UserController);
