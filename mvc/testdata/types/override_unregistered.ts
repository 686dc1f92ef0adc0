// error: is not assignable to parameter of type 'NotRegistered<
import { Application, Router, token } from "../../../mod.ts";

const Url = token<string>("Url");
const Port = token<number>("Port");

new Application(new Router()).register(Url, "pg://").override(Port, 1);
