import { assertEquals } from "@std/assert";
import { socketPair } from "./socket.ts";
import { type CloseInfo, cutReason } from "./socket.ts";

Deno.test("socketPair() delivers in order, and never during a send", async () => {
  const [left, right] = socketPair();
  const log: unknown[] = [];
  const closed = [0, 1].map(() => Promise.withResolvers<CloseInfo>());
  assertEquals(left.send("before it is open"), false);
  left.listen({
    open() {
      log.push("open");
      for (const data of ["a", new Uint8Array([1]), "b"]) left.send(data);
      log.push("sent");
    },
    message() {},
    close: closed[0]!.resolve,
  });
  right.listen({
    open() {},
    message(data) {
      log.push(data);
      if (data === "b") right.close(4321, "bye");
    },
    close: closed[1]!.resolve,
  });
  const infos = await Promise.all(closed.map(({ promise }) => promise));
  const info = { code: 4321, reason: "bye", wasClean: true };
  assertEquals(infos, [info, info]);
  assertEquals(log, ["open", "sent", "a", new Uint8Array([1]), "b"]);
  assertEquals([left.send("x"), right.send("x")], [false, false]);
});

Deno.test("cutReason() cuts at 123 bytes, between two characters", () => {
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  assertEquals(cutReason("short"), "short");
  assertEquals(cutReason("a".repeat(200)).length, 123);
  assertEquals(bytes(cutReason("€".repeat(50))), 123);
  assertEquals(cutReason("x" + "😀".repeat(50)), "x" + "😀".repeat(30));
});
