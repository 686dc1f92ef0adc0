// error at 7:63: Argument of type 'Token<number>' is not assignable to parameter of type '"is not registered, so nothing would be given the value"'.
import { Application, Router, token } from "../../../mod.ts";

const Url = token<string>("Url");
const Port = token<number>("Port");

new Application(new Router()).register(Url, "pg://").override(Port, 1);
