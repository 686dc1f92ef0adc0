// error at 15:17: Argument of type '"onChatt"' is not assignable to parameter of type '"onChat" | "onConfirm"'.
// note: The call would have succeeded against this implementation, but implementation signatures of overloads are not externally visible.
import { NSConn } from "../../../mod.ts";
import type { EmitsOf, TestClient } from "../../testing/mod.ts";

class ChatController {
  static readonly inject = [NSConn] as const;
  constructor(
    readonly nsConn: NSConn<{ onChat: string; onConfirm(text: string): boolean }>,
  ) {}
  onSay() {}
}
declare const client: TestClient<object, EmitsOf<typeof ChatController>>;

client.received("onChatt");
