/**
 * What a client tries on each platform. It needs nothing but what all of them
 * have: `fetch`, timers and ECMAScript.
 */

/** How long a scenario may take, in milliseconds. */
const LIMIT = 10_000;

/**
 * Tries everything, and reports each result to the stage.
 *
 * @param {string} origin The address of the stage.
 * @param {typeof import("../../../neffos/client.ts")} neffos The client.
 * @param {object} options Options of every dial.
 */
export async function tryAll(origin, { dial, DialError, EventError }, options) {
  const order = (name) => fetch(`${origin}/${name}`, { method: "POST" });
  const endpoint = await (await fetch(`${origin}/endpoint`)).text();
  const isPage = globalThis.document !== undefined;

  async function check(name, run) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error("it took too long")), LIMIT);
    });
    let result;
    try {
      const note = await Promise.race([run(), late]);
      result = { name, ok: true, note };
    } catch (error) {
      result = { name, ok: false, note: `${error}` };
    }
    clearTimeout(timer);
    await fetch(`${origin}/report`, {
      method: "POST",
      body: JSON.stringify(result),
    });
  }

  function assert(isSo, text) {
    if (!isSo) throw new Error(text);
  }

  async function failToDial(url, more) {
    const begin = Date.now();
    const client = await dial(url, { chat: {} }, {
      ...options,
      timeout: 60_000,
      ...more,
    }).catch((error) => error);
    assert(client instanceof DialError, `no DialError: ${client}`);
    const took = Date.now() - begin;
    assert(took < 8_000, `it took ${took} ms`);
    assert(client.stack.includes("failToDial"), `no frame: ${client.stack}`);
    return client;
  }

  /** Runs code with a client that comes back, and what it tells. */
  async function withReturning(more, run) {
    let lose;
    let comeBack;
    const lost = new Promise((resolve) => lose = resolve);
    const back = new Promise((resolve) => comeBack = resolve);
    const client = await dial(endpoint, { chat: {} }, {
      ...options,
      ...more,
      reconnect: { initialDelay: 20, maxDelay: 100, ...more.reconnect },
      onClose: ({ code }, isBack) => lose(`${code} ${isBack}`),
      onReconnect: comeBack,
    });
    try {
      return await run({ client, lost, back });
    } finally {
      await client.close();
    }
  }

  const heard = [];
  let hear = () => {};
  const numbers = [];
  let chat;
  let other;
  let client;
  let second;
  await check("dial, and get an ID", async () => {
    const handlers = {
      chat: {
        async onNumber(nsConn, msg) {
          const n = msg.json();
          numbers.push(`begin ${n}`);
          // Some wait for an answer, some for a timer.
          if (n % 3 === 0) await nsConn.ask("onEcho", "x");
          else if (n % 3 === 1) await new Promise((go) => setTimeout(go, 1));
          numbers.push(`end ${n}`);
          hear();
        },
      },
    };
    client = await dial(endpoint, handlers, {
      ...options,
      headers: () => Promise.resolve({ "x-websocket-name": "first; one" }),
    });
    second = await dial(endpoint, {
      chat: {
        onSay(_nsConn, msg) {
          heard.push(msg.text());
          hear();
        },
      },
    }, options);
    assert(client.id !== "" && client.id !== second.id, "no ID");
  });
  await check("connect a namespace", async () => {
    chat = await client.connect("chat");
    other = await second.connect("chat");
  });
  await check("send a header with the handshake", async () => {
    const name = (await chat.ask("onName")).text();
    assert(name === "first; one", `the name is ${name}`);
  });
  await check("ask, and get the answer", async () => {
    const text = (await chat.ask("onEcho", "a;b\n✓")).text();
    assert(text === "a;b\n✓", `the answer is ${text}`);
    const bytes = (await chat.ask("onEcho", new Uint8Array([0, 255]))).bytes();
    assert(bytes.join() === "0,255", `the bytes are ${bytes}`);
  });
  await check("ask, and get the text of a refusal", async () => {
    const error = await chat.ask("onRefuse").catch((error) => error);
    assert(error instanceof EventError, `no EventError: ${error}`);
    assert(error.message === "no; ✓", `the text is ${error.message}`);
  });
  await check("join a room, and get what is said there, in order", async () => {
    const room = await chat.joinRoom("room; ✓");
    await other.joinRoom("room; ✓");
    const all = Array.from({ length: 100 }, (_, n) => `${n};✓`);
    const done = new Promise((resolve) => {
      hear = () => heard.length === all.length && resolve();
    });
    for (const text of all) room.emit("onSay", text);
    await done;
    await room.leave();
    assert(heard.join() === all.join(), `heard ${heard}`);
  });
  await check(
    "handle events one after another, while handlers wait",
    async () => {
      const count = 30;
      const done = new Promise((resolve) => {
        hear = () => numbers.length === 2 * count && resolve();
      });
      chat.emit("onCount", count);
      await done;
      const all = Array.from({ length: count }, (_, n) => [
        `begin ${n}`,
        `end ${n}`,
      ]);
      assert(numbers.join() === all.join(), `${numbers}`);
      hear = () => {};
    },
  );
  await check("disconnect and close", async () => {
    await chat.disconnect();
    await client.close();
    await second.close();
  });

  for (const probe of [false, true]) {
    const how = probe ? ", with a probe" : "";
    await check(
      `come back when the server is killed and started again${how}`,
      () =>
        withReturning({ reconnect: { probe } }, async (returning) => {
          const nsConn = await returning.client.connect("chat");
          const room = await nsConn.joinRoom("room");
          await order("close");
          const loss = await returning.lost;
          assert(loss === "1006 true", `lost with ${loss}`);
          await new Promise((go) => setTimeout(go, 300));
          await order("open");
          const tries = await returning.back;
          assert(room.isJoined, "the room is lost");
          const { wasReconnected } = returning.client.conn;
          assert(wasReconnected, "it has not reconnected");
          const text = (await nsConn.ask("onEcho", "hi")).text();
          assert(text === "hi", `the answer is ${text}`);
          return `try ${tries} was it`;
        }),
    );
  }
  await check("notice a server that silently goes, and come back", () => {
    const heartbeat = { interval: 50, timeout: 1_000 };
    return withReturning({ heartbeat }, async (returning) => {
      await returning.client.connect("chat");
      await new Promise((go) => setTimeout(go, 500));
      assert(!returning.client.conn.isClosed, "it was lost before");
      await order("stall");
      const loss = await returning.lost;
      assert(loss === "4003 true", `lost with ${loss}`);
      await order("resume");
      await returning.back;
    });
  });
  await check("fail to dial where nobody listens, at once", async () => {
    await order("close");
    const error = await failToDial(`${endpoint}?token=secret`);
    await order("open");
    assert(!error.message.includes("secret"), error.message);
    assert(error.url === `${endpoint}?…`, error.url);
    return error.message.replace(/:\d+/g, ":…");
  });
  await check("fail to dial where nothing is found, at once", async () => {
    const error = await failToDial(`${origin}/nowhere`);
    assert(error.status === 404, `the status is ${error.status}`);
  });
  await check(
    "fail to dial with TLS where there is none, at once",
    async () => {
      await failToDial(endpoint.replace("ws:", "wss:"));
    },
  );
  await check(
    "fail to dial a server that does not answer, in time",
    async () => {
      await order("stall");
      const error = await failToDial(endpoint, { timeout: 300 });
      await order("resume");
      assert(error.message.includes("within 300 ms"), error.message);
    },
  );
  if (isPage) {
    await check("dial a path that is relative to <base>", async () => {
      const client = await dial("./ws", { chat: {} }, options);
      await client.connect("chat");
      await client.close();
    });
  }
}
