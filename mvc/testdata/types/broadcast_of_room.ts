// error at 8:22: Argument of type '"onChat"' is not assignable to parameter of type '"onOther"'.
import type { Room } from "../../../mod.ts";

interface ChatEvents {
  onChat: { text: string };
}
declare const room: Room<{ onOther: ChatEvents }>;
room.broadcastOthers("onChat", { text: "hi" });
