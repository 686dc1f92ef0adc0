/**
 * Uses a chat with neffos.js, and prints what it tried and what held.
 *
 *     node client.mjs <folder with node_modules> <URL of the chat> <URL of the demo>
 *
 * Faults of neffos.js itself are not checked: its `leaveAll` asks with the wrong
 * event, and its async handlers answer "undefined". That the server withstands
 * both is checked.
 */

import { strict as assert } from "node:assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, endpoint, demoEndpoint] = process.argv.slice(2);
const file = join(folder, "node_modules/neffos.js/dist/neffos.js");
const neffos = await import(pathToFileURL(file));

const DEADLINE = 5_000;
const EVENTS = [
  "onChat",
  "onPeople",
  "onRooms",
  "_OnRoomJoined",
  "_OnRoomLeft",
];

const conns = [];

/** A connection that keeps its messages until a check reads them. */
class User {
  #messages = [];
  #waiters = [];

  /** Dials; `handlers` handle the events that are not kept. */
  async dial({ url = endpoint, handlers = {}, options } = {}) {
    const keep = Object.fromEntries(
      EVENTS.map((event) => [event, (_nsConn, msg) => this.#push(msg)]),
    );
    const events = { ...keep, ...handlers };
    this.conn = await neffos.dial(
      url,
      { default: events, nowhere: { onChat() {} } },
      options,
    );
    conns.push(this.conn);
    return this;
  }

  async connect(namespace = "default") {
    this.nsConn = await this.conn.connect(namespace);
    return this;
  }

  #push(msg) {
    // neffos.js reuses the message of a join or leave for the next event.
    const { Event, Room, Body, Err } = msg;
    const kept = { event: Event, room: Room, body: Body, error: Err };
    const index = this.#waiters.findIndex(({ isWanted }) => isWanted(kept));
    if (index === -1) this.#messages.push(kept);
    else this.#waiters.splice(index, 1)[0].resolve(kept);
  }

  /** Returns the next matching message of an event in a room. */
  take(event, room = "", isWanted = () => true) {
    const isRight = (msg) =>
      msg.event === event && (msg.room ?? "") === room && isWanted(msg);
    const index = this.#messages.findIndex(isRight);
    if (index !== -1) {
      return Promise.resolve(this.#messages.splice(index, 1)[0]);
    }
    return new Promise((resolve) =>
      this.#waiters.push({ isWanted: isRight, resolve })
    );
  }

  /** Waits for a list of people with these names. */
  takePeople(names, room = "") {
    const expected = JSON.stringify(names.toSorted());
    return this.take(
      "onPeople",
      room,
      ({ body }) => JSON.stringify(namesIn(body)) === expected,
    );
  }
}

function namesIn(body) {
  return JSON.parse(body).map(({ name }) => name).sort();
}

/** Runs a check, and prints whether it held. */
async function check(name, action) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`nothing came for ${DEADLINE} ms`)),
      DEADLINE,
    );
  });
  let result = { name, ok: true };
  try {
    const note = await Promise.race([action(), late]);
    if (typeof note === "string") result.note = note;
  } catch (error) {
    result = { name, ok: false, note: error?.message ?? String(error) };
  }
  clearTimeout(timer);
  console.log(JSON.stringify(result));
}

/** Returns the text with which an action is refused. */
async function refusalOf(action) {
  try {
    await action();
  } catch (error) {
    return error.message;
  }
  throw new Error("it was not refused");
}

const ann = new User();
const bob = new User();
const room = "deno; žluť; 🚪";
const text = 'a;b;;c;;;;;;; "quotes" \\ \n žluť 日本語 👩‍👩‍👧 @%!semicolon@%!';

await check("dial, and get an ID", async () => {
  await ann.dial();
  await bob.dial();
  assert.notEqual(ann.conn.ID, bob.conn.ID);
  assert.match(ann.conn.ID, /^\S+$/);
});

await check("connect a namespace", async () => {
  await ann.connect();
  await bob.connect();
});

await check("be refused an unknown namespace", async () => {
  const error = await refusalOf(() => ann.conn.connect("nowhere"));
  assert.equal(error, "bad namespace");
});

await check("ask, and get the answer", async () => {
  const answer = await ann.nsConn.ask("onName", "Ann");
  assert.deepEqual(answer.unmarshal(), { id: ann.conn.ID, name: "Ann" });
  await bob.nsConn.ask("onName", "Bob; 👋");
});

await check("ask, and get the text of the refusal", async () => {
  const error = await refusalOf(() => bob.nsConn.ask("onName", "ann"));
  assert.equal(error, 'The name "Ann" is taken');
});

await check("ask for an event without a handler", async () => {
  const error = await refusalOf(() => ann.nsConn.ask("onNothing", ""));
  assert.equal(
    error,
    'Cannot handle event "onNothing" of namespace "default": nothing handles it',
  );
});

await check("get what another one broadcasts", async () => {
  bob.nsConn.emit("onChat", "hello");
  const { body } = await ann.take("onChat");
  const { name, text } = JSON.parse(body);
  assert.deepEqual({ name, text }, { name: "Bob; 👋", text: "hello" });
});

await check("get the reply to an emit", async () => {
  const { body } = await bob.take("onChat");
  assert.equal(JSON.parse(body).text, "hello");
});

await check("get the error of an emit", async () => {
  bob.nsConn.emit("onChat", " ");
  const { error } = await bob.take("onChat");
  assert.equal(error?.message, "A message has 1 to 2000 characters");
});

await check("semicolons and Unicode in a body", async () => {
  bob.nsConn.emit("onChat", text);
  for (const user of [ann, bob]) {
    assert.equal(JSON.parse((await user.take("onChat")).body).text, text);
  }
});

await check("a binary body", async () => {
  bob.nsConn.emitBinary("onChat", new TextEncoder().encode(text));
  for (const user of [ann, bob]) {
    assert.equal(JSON.parse((await user.take("onChat")).body).text, text);
  }
});

await check("1,000 messages, all of them, in order", async () => {
  for (let i = 0; i < 1000; i++) bob.nsConn.emit("onChat", `message ${i}`);
  for (const user of [ann, bob]) {
    for (let i = 0; i < 1000; i++) {
      const { body } = await user.take("onChat");
      assert.equal(JSON.parse(body).text, `message ${i}`);
    }
  }
});

await check("100 asks at once, each with its own answer", async () => {
  const texts = Array.from({ length: 100 }, (_, i) => `ask ${i}`);
  const answers = await Promise.all(
    texts.map((text) => ann.nsConn.ask("onChat", text)),
  );
  assert.deepEqual(answers.map((msg) => msg.unmarshal().text), texts);
  for (const text of texts) {
    assert.equal(JSON.parse((await bob.take("onChat")).body).text, text);
  }
});

await check("join a room with semicolons and Unicode in its name", async () => {
  const joined = await ann.nsConn.joinRoom(room);
  assert.equal(joined.name, room);
  await ann.take("_OnRoomJoined", room);
  const { body } = await bob.take("onRooms");
  assert.deepEqual(JSON.parse(body), [{ name: room, people: 1 }]);
});

await check("get what is sent to the room while joining it", async () => {
  await ann.takePeople(["Ann"], room);
});

await check("not get what is said in a room of others", async () => {
  ann.nsConn.room(room).emit("onChat", "among us");
  ann.nsConn.emit("onChat", "to all");
  assert.equal(JSON.parse((await bob.take("onChat")).body).text, "to all");
  await ann.take("onChat", room);
  await ann.take("onChat");
});

await check("get what another one broadcasts to the room", async () => {
  await bob.nsConn.joinRoom(room);
  await ann.takePeople(["Ann", "Bob; 👋"], room);
  bob.nsConn.room(room).emit("onChat", text);
  for (const user of [ann, bob]) {
    assert.equal(JSON.parse((await user.take("onChat", room)).body).text, text);
  }
});

await check("ask in a room", async () => {
  const question = new neffos.Message();
  Object.assign(question, {
    Namespace: "default",
    Room: room,
    Event: "onWho",
  });
  const answer = await ann.conn.ask(question);
  assert.deepEqual(namesIn(answer.Body), ["Ann", "Bob; 👋"]);
});

await check("be refused a room, with the text of the refusal", async () => {
  const error = await refusalOf(() => ann.nsConn.joinRoom("x".repeat(31)));
  assert.equal(error, "A room has 1 to 30 characters");
  assert.equal(ann.nsConn.rooms.size, 1);
});

await check("leave a room", async () => {
  assert.equal(await ann.nsConn.room(room).leave(), null);
  await ann.take("_OnRoomLeft", room);
  assert.equal(ann.nsConn.room(room), undefined);
  await bob.takePeople(["Bob; 👋"], room);
});

await check("join the room again", async () => {
  await ann.nsConn.joinRoom(room);
  await bob.takePeople(["Ann", "Bob; 👋"], room);
});

await check("go on after leaveAll", async () => {
  await ann.nsConn.leaveAll();
  assert.deepEqual(namesIn((await ann.nsConn.ask("onWho")).Body), [
    "Ann",
    "Bob; 👋",
  ]);
  return "neffos.js asks with _OnRoomLeft, and stays in";
});

await check("go on after the error frames of async handlers", async () => {
  let onHandled;
  const handled = new Promise((resolve) => onHandled = resolve);
  const cy = await new User().dial({
    handlers: { onChat: () => Promise.resolve(onHandled()) },
  });
  await cy.connect();
  await cy.nsConn.ask("onName", "Cy");
  bob.nsConn.emit("onChat", "hello Cy");
  await handled;
  assert.ok(namesIn((await cy.nsConn.ask("onWho")).Body).includes("Cy"));
  // An error frame taken for a message would come before this one.
  bob.nsConn.emit("onChat", "and the rest");
  const texts = [];
  for (let i = 0; i < 2; i++) {
    texts.push(JSON.parse((await ann.take("onChat")).body).text);
  }
  assert.deepEqual(texts, ["hello Cy", "and the rest"]);
  cy.conn.close();
  return 'neffos.js answers them with the error "undefined"';
});

await check("headers of the handshake", async () => {
  const bot = await new User().dial({
    options: { headers: { "X-Chat-Name": "Header; bot" } },
  });
  await bot.connect();
  await ann.takePeople(["Ann", "Bob; 👋", "Header; bot"]);
  bot.conn.close();
  await ann.takePeople(["Ann", "Bob; 👋"]);
});

const url = new URL(endpoint);
url.searchParams.set("X-Websocket-Header-X-Chat-Name", "Parameter; bot");
const bot = new User();

await check("headers as URL parameters, as browsers send them", async () => {
  await bot.dial({ url: url.href });
  await bot.connect();
  await ann.takePeople(["Ann", "Bob; 👋", "Parameter; bot"]);
});

await check(
  "be refused a namespace, with the text of the refusal",
  async () => {
    const other = await new User().dial({ url: url.href });
    const error = await refusalOf(() => other.connect());
    assert.equal(error, 'The name "Parameter; bot" is taken');
    other.conn.close();
  },
);

await check("disconnect a namespace", async () => {
  await bot.nsConn.disconnect();
  assert.equal(bot.conn.namespace("default"), undefined);
  await ann.takePeople(["Ann", "Bob; 👋"]);
});

await check("connect it again", async () => {
  await bot.connect();
  await ann.takePeople(["Ann", "Bob; 👋", "Parameter; bot"]);
});

await check("close the connection", async () => {
  bot.conn.close();
  await ann.takePeople(["Ann", "Bob; 👋"]);
  bob.conn.close();
  await ann.takePeople(["Ann"]);
});

/** The life-cycle events of the demo server's namespace, in order. */
const entries = [];
let enter = () => {};
const demo = await neffos.dial(demoEndpoint, {
  demo: {
    _OnNamespaceConnected(nsConn) {
      entries.push(nsConn);
      enter();
    },
    question: (_nsConn, msg) => neffos.reply(`${msg.Body}; yes`),
  },
}, { reconnect: 50 });
conns.push(demo);

await check("be asked by the server", async () => {
  const nsConn = await demo.connect("demo");
  const { Body } = await nsConn.ask("onAskMe", "ready?");
  assert.equal(Body, "the client says ready?; yes");
});

await check("be connected by the server, 100 times", async () => {
  const url = new URL(demoEndpoint);
  url.searchParams.set("connect", "1");
  let count = 0;
  for (let n = 0; n < 100; n++) {
    const conn = await neffos.dial(url.href, { demo: {} });
    const late = new Promise((resolve) => setTimeout(resolve, 500));
    const nsConn = await Promise.race([conn.waitServerConnect("demo"), late]);
    if (nsConn !== undefined) count++;
    conn.close();
    if (n - count > 5) break;
  }
  assert.equal(count, 100);
});

await check(
  "get what the hook of its own join broadcasts, and not of its leave, 100 times",
  async () => {
    const told = [];
    const conn = await neffos.dial(demoEndpoint, {
      demo: {
        onTold(nsConn, msg) {
          told.push(`${msg.Body} ${nsConn.room(msg.Room) !== undefined}`);
        },
      },
    });
    conns.push(conn);
    const nsConn = await conn.connect("demo");
    for (let n = 0; n < 100; n++) {
      const room = await nsConn.joinRoom(`room ${n}`);
      await room.leave();
    }
    await nsConn.ask("onTries");
    assert.deepEqual(told, new Array(100).fill("_OnRoomJoined true"));
  },
);

await check("come back when the server is stopped and started", async () => {
  const back = new Promise((resolve) => enter = resolve);
  entries[0].emit("onRestart");
  await back;
  const nsConn = entries.at(-1);
  conns.push(nsConn.conn);
  const { Body } = await nsConn.ask("onAskMe", "again?");
  assert.equal(Body, "the client says again?; yes");
  const tries = (await nsConn.ask("onTries")).Body;
  assert.notEqual(tries, "0");
  return `neffos.js has a new connection then, after ${tries} tries`;
});

// A failed check may have left its connection open.
for (const conn of conns) conn.close();
