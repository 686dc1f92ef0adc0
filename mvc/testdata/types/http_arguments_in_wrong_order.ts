// error at 13:38: Argument of type 'typeof UserController' is not assignable to parameter of type '["putBy gets :param1 as", string, "but takes", { name: string; }]'.
import { Application, Router, type StandardSchemaV1 } from "../../../mod.ts";

declare const User: StandardSchemaV1<unknown, { name: string }>;

class UserController {
  static readonly routes = { putBy: { body: User } } as const;
  putBy(user: { name: string }, id: string) {
    return id + user.name;
  }
}

new Application(new Router()).handle(UserController);
