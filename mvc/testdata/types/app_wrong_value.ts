// error: is not assignable to type '(text: string) => void'
import { Application, Router, token } from "../../../mod.ts";

interface Logger {
  log(text: string): void;
}
const Logger = token<Logger>("Logger");

new Application(new Router())
  .register(Logger, { log: (text: number) => void text });
