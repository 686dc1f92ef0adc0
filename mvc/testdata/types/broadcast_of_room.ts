// error: Argument of type '"onChat"' is not assignable
import type { Room } from "../../../mod.ts";

interface ChatEvents {
  onChat: { text: string };
}
declare const room: Room<{ onOther: ChatEvents }>;
room.broadcastOthers("onChat", { text: "hi" });
