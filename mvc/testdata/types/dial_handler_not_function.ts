// error at 4:40: Type 'number' is not assignable to type '(nsConn: NSConn<AnyEvents>, msg: Message<unknown>) => unknown'.
import { dial } from "../../../mod.ts";

await dial("ws://localhost", { chat: { onChat: 5 } });
