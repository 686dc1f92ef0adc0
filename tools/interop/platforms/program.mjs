/**
 * Runs this module's client on another platform than Deno, and prints a line of
 * JSON for each check: `program.mjs <client.js> <endpoint> [<ws>]`.
 */

import { pathToFileURL } from "node:url";

const [clientFile, endpoint, wsFile] = process.argv.slice(2);
const { dial, EventError } = await import(pathToFileURL(clientFile).href);
// Node before 22 has no WebSocket.
const WebSocket = globalThis.WebSocket ??
  (await import(pathToFileURL(wsFile).href)).WebSocket;

async function check(name, run) {
  try {
    const ok = await run();
    console.log(JSON.stringify({ name, ok: ok !== false }));
  } catch (error) {
    console.log(JSON.stringify({ name, ok: false, note: String(error) }));
  }
}

const heard = [];
let hear = () => {};
const options = globalThis.WebSocket ? {} : { WebSocket };
let first;
let second;
await check("dial, and get an ID", async () => {
  const named = (name) =>
    dial(endpoint, {
      default: {
        onChat(_nsConn, msg) {
          if (name === "first") return;
          heard.push(msg.json().text);
          hear();
        },
      },
    }, { ...options, reconnect: true, headers: { "x-chat-name": name } });
  first = await named("first");
  second = await named("second");
  return first.id !== "" && first.id !== second.id;
});
let one;
let two;
await check("connect a namespace", async () => {
  one = await first.connect("default");
  two = await second.connect("default");
});
await check("send headers with the handshake", async () => {
  const people = (await one.ask("onWho")).json();
  return people.some(({ name }) => name === "second");
});
await check("ask, and get the text of a refusal", async () => {
  try {
    await one.ask("onName", "");
    return false;
  } catch (error) {
    return error instanceof EventError;
  }
});
await check("join a room, and get what is said there, in order", async () => {
  const room = await one.joinRoom("room; ✓");
  await two.joinRoom("room; ✓");
  const all = Array.from({ length: 100 }, (_, n) => `${n};✓`);
  const done = new Promise((resolve) => {
    hear = () => heard.length === all.length && resolve();
  });
  for (const text of all) room.emit("onChat", text);
  await done;
  await room.leave();
  return heard.join() === all.join();
});
await check("disconnect and close", async () => {
  await one.disconnect();
  await first.close();
  await second.close();
});
