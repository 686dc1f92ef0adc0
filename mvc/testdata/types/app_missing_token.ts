// error: is not assignable to parameter of type 'NotRegistered<Token<Database, string>>'
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
