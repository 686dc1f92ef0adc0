// error at 4:46: Object literal may only specify known properties, but 'reconect' does not exist in type 'DialOptions'. Did you mean to write 'reconnect'?
import { dial } from "../../../mod.ts";

await dial("ws://localhost", { chat: {} }, { reconect: true });
