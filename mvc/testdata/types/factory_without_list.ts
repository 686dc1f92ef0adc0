// error at 11:20: Argument of type '(database: Database) => Quiz' is not assignable to parameter of type '"takes services: list their tokens before it, as in [Logger], (logger) => ..."'.
import { Container, token } from "../../../mod.ts";

class Database {}
class Quiz {
  constructor(readonly database: Database) {}
}
const Title = token<string>("Title");

new Container().singleton(Database).register(Title, "Tea?")
  .singleton(Quiz, (database: Database) => new Quiz(database));
