// error at 21:47: Argument of type 'typeof SumController' is not assignable to parameter of type '["onSum: its schema in static answers gives", number, "but it answers", string]'.
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
  static readonly answers = { onSum: sum };
  constructor(readonly nsConn: NSConn) {}
  async onSum(msg: Message<number[]>) {
    return await Promise.resolve(`${msg.json().length}`);
  }
}

new Application(new Router()).handleWebsocket(SumController);
