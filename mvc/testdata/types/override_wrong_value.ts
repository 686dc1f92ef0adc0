// error at 6:68: Argument of type 'number' is not assignable to parameter of type 'string'.
import { Application, Router, token } from "../../../mod.ts";

const Url = token<string>("Url");

new Application(new Router()).register(Url, "pg://").override(Url, 1);
