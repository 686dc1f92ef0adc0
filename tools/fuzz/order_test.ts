import { assertRejects } from "@std/assert";
import { Receiver } from "../../neffos/connection/receiver.ts";
import { FuzzFailure } from "./failure.ts";
import { walkOrders } from "./order.ts";

const WALKS = 400;

for (let part = 0; part < 2; part++) {
  const seed = 1 + part * WALKS;
  Deno.test(`the events of a side are handled one after another, seed ${seed}`, async () => {
    await walkOrders(seed, WALKS);
  });
}

Deno.test("walkOrders() tells of events that go ahead", async () => {
  const { isAsk } = Receiver.prototype;
  Receiver.prototype.isAsk = () => true;
  try {
    await assertRejects(
      () => walkOrders(1, WALKS),
      FuzzFailure,
      "begins while",
    );
  } finally {
    Receiver.prototype.isAsk = isAsk;
  }
});
