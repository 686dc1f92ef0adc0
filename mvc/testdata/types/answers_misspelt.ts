// error at 21:47: Argument of type 'typeof SumController' is not assignable to parameter of type '"static answers has onSums, and should name methods that handle events of its own"'.
import {
  Application,
  type Message,
  NSConn,
  Router,
  type StandardSchemaV1,
} from "../../../mod.ts";

declare const sum: StandardSchemaV1<unknown, number>;

class SumController {
  static readonly inject = [NSConn] as const;
  static readonly answers = { onSums: sum };
  constructor(readonly nsConn: NSConn) {}
  onSum(msg: Message<number[]>) {
    return msg.json().length;
  }
}

new Application(new Router()).handleWebsocket(SumController);
