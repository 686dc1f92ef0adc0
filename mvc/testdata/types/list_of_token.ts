// error at 6:44: Argument of type '(typeof Context)[]' is not assignable to parameter of type '"must have a factory after it, since the token is no class: [Context], (context) => ..."'.
import { Application, Context, Router, token } from "../../../mod.ts";

const Path = token<string>("Path");

new Application(new Router()).scoped(Path, [Context]);
