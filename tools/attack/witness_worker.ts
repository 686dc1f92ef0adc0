/** The well-behaved client, on a thread of its own: see `witness.ts`. */

import { dial, type Message, type NSConn } from "../../mod.ts";
import type { Order, Testimony } from "./witness.ts";

// The types of the main thread know no workers.
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Order>) => void;
  postMessage(testimony: Testimony): void;
};

const faults: string[] = [];
let sent = 0;
let echoed = 0;
let asked = 0;
let news: number | undefined;
let newsCount = 0;
let trips: number[] = [];
let isGoing = true;
let onEcho = () => {};

function fault(text: string): void {
  if (faults.length < 10) faults.push(text);
}

const handler = {
  onNumber(_nsConn: NSConn, msg: Message) {
    const number = Number(msg.text());
    if (number !== ++echoed) fault(`message ${number} came as ${echoed}`);
    onEcho();
  },
  onNews(_nsConn: NSConn, msg: Message) {
    const number = Number(msg.text());
    if (news !== undefined && number !== news + 1) {
      fault(`broadcast ${number} came after ${news}`);
    }
    news = number;
    newsCount++;
  },
};

/** Waits until every message has come back. */
async function settle(): Promise<void> {
  while (echoed < sent) {
    await new Promise<void>((resolve) => onEcho = resolve);
  }
}

function report(): void {
  scope.postMessage({
    faults: [...faults],
    messages: echoed,
    asks: asked,
    broadcasts: newsCount,
    trips,
  });
  trips = [];
}

async function run(url: string): Promise<void> {
  const client = await dial(url, { witness: handler, open: {} }, {
    onClose: ({ code, reason }) => {
      if (isGoing) fault(`it was closed with ${code} ${reason}`);
    },
  });
  const nsConn = await client.connect("witness");
  await client.connect("open");
  await nsConn.joinRoom("news");
  const orders: Order[] = [];
  scope.onmessage = ({ data }) => void orders.push(data);
  report();
  while (isGoing) {
    const start = performance.now();
    for (let i = 0; i < 3; i++) nsConn.emit("onNumber", `${++sent}`);
    const answer = await nsConn.ask("onAsk", `${++asked}`, { timeout: 60_000 });
    if (answer.text() !== `${asked}`) fault(`ask ${asked}: ${answer.text()}`);
    trips.push(performance.now() - start);
    if (trips.length > 10_000) trips.shift();
    // About as often as a crowd of people who type.
    await new Promise((resolve) => setTimeout(resolve, 2));
    const order = orders.shift();
    if (order === undefined) continue;
    await settle();
    if (order === "stop") {
      isGoing = false;
      await client.close();
    }
    report();
  }
}

scope.onmessage = ({ data }) => {
  run(data).catch((error) => {
    fault(String(error));
    report();
    // Later requests get the same answer.
    scope.onmessage = report;
  });
};
