/**
 * The pages of the originals, without their forms: neffos.js, or a WebSocket
 * alone. Prints a line for each thing that a page would show, and takes one
 * command a line, until standard input ends.
 *
 *     node clients.mjs <folder with node_modules> <page> <URL> <user> [<headers as JSON>]
 */

import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const [folder, name, url, user, headers = "{}"] = process.argv.slice(2);
const require = createRequire(pathToFileURL(join(folder, "/")));
const neffos = await import(
  pathToFileURL(join(folder, "node_modules/neffos.js/dist/neffos.js"))
);
const options = {
  headers: JSON.parse(headers),
  // A task for each message, as in a browser: what neffos.js awaits is done
  // before the next one comes.
  allowSynchronousEvents: false,
};

/** Prints what the user got, in the format of the Go programs. */
function note({ Event, Namespace, Room, Body }) {
  const [ns, room, body] = [Namespace, Room, Body]
    .map((value) => JSON.stringify(value ?? ""));
  console.log(`${user} ${Event} ns=${ns} room=${room} body=${body}`);
}

function say(event, body = "") {
  note({ Event: event, Body: `${body}` });
}

/** An event that is noted, its body as `read` reads it. */
const noted = (read = (msg) => msg.Body) => (_nsConn, msg) =>
  note({ ...msg, Body: read(msg) });

const chatting = {
  _OnNamespaceConnected: noted(),
  _OnNamespaceDisconnect: noted(),
};

/** Emits what the user says, as an event. */
const emitting = (event) => ({
  say: ({ nsConn }, text) => nsConn.emit(event, text),
});

/** `message Said { string name = 1; string text = 2; }`, for one page alone. */
function loadSaid() {
  const { parse } = require("protobufjs");
  return parse(
    'syntax = "proto3"; message Said { string name = 1; string text = 2; }',
  ).root.lookupType("Said");
}

const said = name === "protobuf" ? loadSaid() : undefined;

const pages = {
  "iris-jwt": {
    events: { ...chatting, chat: noted() },
    commands: emitting("chat"),
  },
  "iris-mvc": {
    events: { ...chatting, OnChat: noted(), OnVisit: noted() },
    commands: emitting("OnChat"),
  },
  "iris-auth": {
    events: { ...chatting, OnChat: noted() },
    commands: emitting("OnChat"),
  },
  "iris-visitors": {
    events: {
      ...chatting,
      _OnNamespaceConnected: (nsConn) =>
        void nsConn.joinRoom(new URL(url).searchParams.get("page")),
      _OnRoomJoined: noted(),
      onNewVisit: noted(),
    },
  },
  "rooms": {
    events: {
      ...chatting,
      _OnRoomJoined: noted(),
      _OnRoomLeft: noted(),
      notify: noted(),
      chat: noted((msg) => {
        const { from, text } = msg.unmarshal();
        return `${from}: ${text}`;
      }),
    },
    commands: {
      join: async (page, name) => page.room = await page.nsConn.joinRoom(name),
      say: ({ room }, text) =>
        room.emit("chat", neffos.marshal({ from: user, text })),
      leave: ({ room }) => room.leave(),
    },
  },
  "force-connect": {
    isWaiting: true,
    events: { ...chatting, _OnNamespaceConnect: noted(), chat: noted() },
    commands: emitting("chat"),
  },
  "protobuf": {
    events: {
      ...chatting,
      chat: noted((msg) => {
        const { name, text } = said.decode(new Uint8Array(msg.Body));
        return `${name}: ${text}`;
      }),
      raw: noted(({ SetBinary, Body }) =>
        `binary=${SetBinary} ${Buffer.from(Body).toString("hex")}`
      ),
    },
    commands: {
      say: ({ nsConn }, text) => {
        const body = said.encode({ name: user, text }).finish();
        nsConn.emitBinary("chat", body);
      },
      raw: ({ nsConn }, digits) =>
        nsConn.emitBinary("raw", Uint8Array.from(Buffer.from(digits, "hex"))),
    },
  },
  "quick-view": {
    namespace: "/v1",
    events: { notify: noted() },
    commands: {
      ask: ({ nsConn }, date) =>
        nsConn.ask("workday", date).then(
          (msg) => say("workday answered", msg.Body),
          (error) => say("workday failed", error.message),
        ),
    },
  },
};

/** Opens a page of neffos.js, and returns what its user may do. */
async function open({ namespace = "default", events, commands, isWaiting }) {
  const page = { room: undefined, nsConn: undefined };
  page.conn = await neffos.dial(url, { [namespace]: events }, options);
  page.nsConn = isWaiting
    ? await page.conn.waitServerConnect(namespace)
    : await page.conn.connect(namespace);
  const all = { ...commands, exit: () => page.conn.close() };
  return (word, rest) => all[word](page, rest);
}

/** Opens a page that has a WebSocket alone. */
function openPlain() {
  const { WebSocket } = require("ws");
  const socket = new WebSocket(url, options);
  socket.addEventListener("message", ({ data }) => say("message", data));
  socket.addEventListener("close", ({ code }) => say("close", code));
  const all = {
    say: (text) => socket.send(text),
    exit: () => {
      socket.close(1000);
      return new Promise((resolve) =>
        socket.addEventListener("close", resolve)
      );
    },
  };
  return new Promise((resolve, reject) => {
    socket.addEventListener("error", reject);
    socket.addEventListener("open", () => {
      say("open");
      resolve((word, rest) => all[word](rest));
    });
  });
}

try {
  const obey = name === "plain" ? await openPlain() : await open(pages[name]);
  for await (const line of createInterface({ input: process.stdin })) {
    const [, word, rest] = /^(\S+) ?(.*)$/.exec(line);
    await obey(word, rest);
  }
} catch (error) {
  say("refused", error.message);
}
process.exit();
