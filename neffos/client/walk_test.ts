/** Random walks of a client that reconnects, each step compared with a model. */

import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Prng } from "../../tools/fuzz/prng.ts";
import { type Client, dial } from "../client.ts";
import { RawClient } from "../harness/mod.ts";
import { turn } from "../harness/world.ts";
import { socketPair } from "../transport/socket.ts";
import { mayComeBack, mayTryAgain } from "./reconnect.ts";

const MIN_UPTIME = 5_000;
const MAX_TRIES = 6;
const TIMEOUT = 10_000;
const STEPS = 60;
const WALKS = 60;

/** What a client should do, in as few words as possible. */
class Model {
  readonly told: string[] = [];
  state: "open" | "waiting" | "trying" | "over" = "open";
  sockets = 1;
  /** The milliseconds until the delay or the attempt ends. */
  rest = Infinity;
  #tries = 0;
  #uptime = 0;

  pass(ms: number): void {
    if (this.state === "open") this.#uptime += ms;
    else if (this.state !== "over") {
      this.rest -= ms;
      if (this.rest > 0) return;
      if (this.state === "waiting") this.try();
      else this.fail();
    }
  }

  try(): void {
    this.state = "trying";
    this.sockets++;
    this.rest = TIMEOUT;
  }

  /** The attempt has failed. */
  fail(): void {
    if (this.#tries === MAX_TRIES) return this.end(this.#lostBy);
    this.state = "waiting";
    this.rest = Math.min(30_000, 500 * 2 ** this.#tries);
    this.told.push(`try ${++this.#tries} after ${this.rest}`);
  }

  accept(): void {
    this.state = "open";
    this.#uptime = 0;
    this.told.push(`back ${this.#tries}`);
  }

  #lostBy = 0;

  lose(code: number): void {
    if (!mayComeBack(code)) return this.end(code);
    this.told.push(`lost ${code}`);
    if (this.#uptime >= MIN_UPTIME) this.#tries = 0;
    this.#lostBy = code;
    this.fail();
  }

  end(code: number): void {
    this.state = "over";
    this.told.push(`over ${code}`);
  }
}

async function walk(seed: number): Promise<void> {
  const prng = new Prng(seed);
  const model = new Model();
  const time = new FakeTime(0);
  const told: string[] = [];
  const peers: RawClient[] = [];
  const path: string[] = [];
  const dialling = dial("memory", { chat: {} }, {
    timeout: TIMEOUT,
    heartbeat: false,
    reconnect: { random: () => 1, minUptime: MIN_UPTIME, maxTries: MAX_TRIES },
    transport: () => {
      const [left, right] = socketPair();
      peers.push(new RawClient(right));
      return left;
    },
    onReconnecting: (tries, delay) =>
      void told.push(`try ${tries} after ${delay}`),
    onReconnect: (tries) => void told.push(`back ${tries}`),
    onClose: ({ code }, willReconnect) =>
      void told.push(`${willReconnect ? "lost" : "over"} ${code}`),
  });
  await turn();
  peers[0]!.send("Aid");
  const client: Client = await dialling;
  const peer = () => peers.at(-1)!;
  const steps: Record<string, () => void> = {
    "time passes": () => {
      // Never past what comes next, so that the steps are those of the model.
      const ms = Math.min(model.rest, prng.pick([1, 400, 2_500, 6_000]));
      time.tick(ms);
      model.pass(ms);
    },
    "the delay or attempt ends": () => {
      if (model.rest === Infinity || model.state === "open") return;
      time.tick(model.rest);
      model.pass(model.rest);
    },
    "retryNow()": () => {
      client.retryNow();
      if (model.state === "waiting") model.try();
    },
    "the server accepts": () => {
      if (model.state !== "trying") return;
      peer().send("Aid");
      model.accept();
    },
    "the server refuses": () => {
      if (model.state !== "trying") return;
      const code = prng.pick([1008, 4_100]);
      peer().send("Hno");
      peer().socket.close(code);
      if (mayTryAgain(code)) model.fail();
      else model.end(1008);
    },
    "the connection is lost": () => {
      const code = prng.pick([1006, 1006, 1012, 4_100, 1008, 4_500]);
      if (model.state !== "open" && model.state !== "trying") return;
      if (code === 1006) peer().socket.terminate!();
      else peer().socket.close(code);
      if (model.state === "open") model.lose(code);
      else if (mayComeBack(code)) model.fail();
      else model.end(code);
    },
    "close()": () => {
      // Seldom, for it ends the walk.
      if (model.state === "over" || prng.pick([0, 1, 2, 3, 4, 5]) > 0) return;
      void client.close(4_777, "enough");
      model.end(4_777);
    },
  };
  const names = Object.keys(steps);
  try {
    for (let step = 0; step < STEPS; step++) {
      const name = prng.pick(names);
      path.push(`${model.state}: ${name}`);
      steps[name]!();
      await turn();
      assertEquals(told, model.told);
      assertEquals(peers.length, model.sockets);
      assertEquals(client.isClosed, model.state === "over");
    }
    await client.close();
    const { code } = await client.closed;
    assertEquals(told.at(-1), `over ${code}`);
    assert(told.filter((line) => line.startsWith("over")).length === 1);
  } catch (error) {
    throw new Error(`seed ${seed}: ${path.join("; ")}`, { cause: error });
  } finally {
    time.restore();
  }
}

Deno.test("A client that reconnects does what the model does, in random walks", async () => {
  for (let seed = 1; seed <= WALKS; seed++) await walk(seed);
});
