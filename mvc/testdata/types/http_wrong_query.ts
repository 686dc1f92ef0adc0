// error at 13:38: Argument of type 'typeof UserController' is not assignable to parameter of type '["getBy gets the query as", { page: number; }, "but takes", string]'.
import { Application, Router, type StandardSchemaV1 } from "../../../mod.ts";

declare const Page: StandardSchemaV1<{ page: string }, { page: number }>;

class UserController {
  static readonly routes = { getBy: { query: Page } } as const;
  getBy(id: string, query: string) {
    return id + query;
  }
}

new Application(new Router()).handle(UserController);
