import {
  Application,
  EventError,
  type Message,
  type NSConn,
  reply,
  Router,
  type StandardSchemaV1,
} from "../../../mod.ts";

declare const sum: StandardSchemaV1<unknown, number>;
declare const when: StandardSchemaV1<unknown, { at: Date }>;
declare const nothing: StandardSchemaV1<unknown, undefined>;

class SumController {
  static readonly answers = {
    onSum: sum,
    onReply: sum,
    onWhen: when,
    onNothing: nothing,
    onAny: sum,
  };
  static readonly emits = { onTold: sum };
  async onSum(_nsConn: NSConn, msg: Message<number[]>) {
    const { length } = msg.json();
    return await Promise.resolve(length > 0 ? length : new EventError("none"));
  }
  onReply() {
    return reply(1);
  }
  onWhen() {
    return { at: new Date() };
  }
  onNothing() {}
  onAny(): unknown {
    return 1;
  }
}

/** Its static fields are the program's own. */
class QuizController {
  static readonly answers = ["yes", "no"] as const;
  static readonly emits = { light: 1 };
  onAsk() {}
}

const app = new Application(new Router());
app.handleWebsocket(SumController);
app.handleWebsocket(QuizController);
