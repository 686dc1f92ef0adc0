/** Walks the table of a client's states: every transition, taken by a server that speaks frames. */

import { assertEquals } from "@std/assert";
import { RawClient } from "../harness/mod.ts";
import { turn } from "../harness/world.ts";
import { PathLog, readTransitions, transitionsOf } from "../harness/states.ts";
import { socketPair } from "../transport/socket.ts";
import { type Client, dial } from "../client.ts";
import { ClientHost } from "./host.ts";

/** A client, and the server's ends of its sockets. */
class Subject implements AsyncDisposable {
  readonly peers: RawClient[] = [];
  client: Client | undefined;
  readonly #controller = new AbortController();
  readonly #dialled: Promise<void>;

  constructor(reconnect: boolean) {
    const client = dial("ws://memory.test/", { chat: {} }, {
      // Only retryNow() makes the client try again.
      reconnect: reconnect &&
        { initialDelay: 1e9, maxDelay: 1e9, random: () => 1 },
      signal: this.#controller.signal,
      transport: () => {
        const [left, right] = socketPair();
        this.peers.push(new RawClient(right));
        return left;
      },
    });
    this.#dialled = client.then((made) => void (this.client = made), () => {});
  }

  get peer(): RawClient {
    return this.peers.at(-1)!;
  }

  giveUp(): void {
    this.#controller.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.giveUp();
    await this.#dialled;
    await this.client?.close();
  }
}

type Step = (subject: Subject) => void;

const accepted: Step = ({ peer }) => peer.send("Aid");
const lost: Step = ({ peer }) => peer.socket.terminate!();
const sentAway: Step = ({ peer }) => peer.socket.close(1008);
const closes: Step = ({ client }) => void client!.close();
const triesAgain: Step = ({ client }) => client!.retryNow();
const givesUp: Step = (subject) => subject.giveUp();
const refused: Step = ({ peer }) => {
  peer.send("Hrefused");
  peer.socket.close(1008);
};

/** A path through the table, and the steps that take it. */
interface Walk {
  readonly path: string;
  readonly steps: readonly Step[];
  /** Whether the client reconnects; it does by default. */
  readonly reconnect?: false;
}

const WALKS: Record<string, Walk> = {
  "the client closes": {
    path: "dialling open over",
    steps: [accepted, closes],
  },
  "the server refuses": {
    path: "dialling over",
    steps: [refused],
  },
  "the socket is lost before the server accepts": {
    path: "dialling over",
    steps: [lost],
  },
  "the caller of dial() gives up": {
    path: "dialling over",
    steps: [givesUp],
  },
  "the server closes with 1008": {
    path: "dialling open over",
    steps: [accepted, sentAway],
  },
  "a client without reconnection loses its connection": {
    path: "dialling open over",
    steps: [accepted, lost],
    reconnect: false,
  },
  "the client reconnects": {
    path: "dialling open away open",
    steps: [accepted, lost, triesAgain, accepted],
  },
  "the client reconnects at the second attempt": {
    path: "dialling open away open",
    steps: [accepted, lost, triesAgain, lost, triesAgain, accepted],
  },
  "the client loses its connection again": {
    path: "dialling open away open away",
    steps: [accepted, lost, triesAgain, accepted, lost],
  },
  "the client closes before an attempt": {
    path: "dialling open away over",
    steps: [accepted, lost, closes],
  },
  "the client closes during an attempt": {
    path: "dialling open away over",
    steps: [accepted, lost, triesAgain, closes],
  },
  "the server refuses the client that reconnects": {
    path: "dialling open away over",
    steps: [accepted, lost, triesAgain, refused],
  },
};

Deno.test("The walks take every transition of a client, and no other", async () => {
  const table = await readTransitions({
    module: new URL("host.ts", import.meta.url),
    type: "ClientStatus",
  });
  const paths = Object.values(WALKS).map(({ path }) => path);
  assertEquals(transitionsOf(paths), table);
});

for (const [name, { path, steps, reconnect = true }] of Object.entries(WALKS)) {
  Deno.test(`The states of a client: ${name}`, async () => {
    using log = new PathLog<ClientHost>({
      first: "dialling",
      keyOf: () => "client",
      stateOf: ({ status }) => status,
    });
    log.watch(ClientHost.prototype, ["dial", "onOpen", "onLost", "onEnded"]);
    await using subject = new Subject(reconnect);
    await turn();
    for (const step of steps) {
      step(subject);
      await turn();
      log.noteAll();
    }
    assertEquals(log.pathOf("client"), path);
  });
}
