// error at 13:23: Type '(text: number) => undefined' is not assignable to type '(text: string) => void'.
//   Types of parameters 'text' and 'text' are incompatible.
//     Type 'string' is not assignable to type 'number'.
// note: The expected type comes from property 'log' which is declared here on type 'Logger'
import { Application, Router, token } from "../../../mod.ts";

interface Logger {
  log(text: string): void;
}
const Logger = token<Logger>("Logger");

new Application(new Router())
  .register(Logger, { log: (text: number) => void text });
