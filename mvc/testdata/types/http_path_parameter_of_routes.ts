// error: parameter of type 'ArgumentMismatch<"find(:term)", string, number>'
import { Application, Router } from "../../../mod.ts";

class UserController {
  static readonly routes = { find: "GET /:kind(a|b)/:term" } as const;
  find(kind: string, term: number) {
    return kind + term;
  }
}

new Application(new Router()).handle(UserController);
