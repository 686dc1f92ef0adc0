// error: 'maxRoom' does not exist in type 'ConnectionLimits'
import { dial } from "../../../mod.ts";

await dial("ws://a.example", { onHi() {} }, { limits: { maxRoom: 5 } });
