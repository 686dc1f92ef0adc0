// error at 8:22: Argument of type '() => number' is not assignable to parameter of type 'Body'.
// note: Did you mean to call this expression?
import { type NSConn, Room } from "../../../mod.ts";

declare const nsConn: NSConn;
declare const room: Room;
nsConn.emit("onCount", { count: 1 });
room.emit("onCount", () => 1);
