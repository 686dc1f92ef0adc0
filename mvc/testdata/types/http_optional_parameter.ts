// error: parameter of type 'ArgumentMismatch<"find(:term)", string | undefined, string>'
import { Application, Router } from "../../../mod.ts";

class UserController {
  static readonly routes = { find: "GET /find/:term?" } as const;
  find(term: string) {
    return term;
  }
}

new Application(new Router()).handle(UserController);
