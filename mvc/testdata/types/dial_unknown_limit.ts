// error at 4:57: Object literal may only specify known properties, but 'maxRoom' does not exist in type 'ConnectionLimits'. Did you mean to write 'maxRooms'?
import { dial } from "../../../mod.ts";

await dial("ws://a.example", { onHi() {} }, { limits: { maxRoom: 5 } });
