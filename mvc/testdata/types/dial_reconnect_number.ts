// error at 4:47: Type 'number' is not assignable to type 'boolean | ReconnectOptions | undefined'.
import { dial } from "../../../mod.ts";

await dial("ws://a.example", { onHi() {} }, { reconnect: 5000 });
