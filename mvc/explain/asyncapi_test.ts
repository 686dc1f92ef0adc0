import { assertEquals, assertThrows } from "@std/assert";
import {
  denoUpgrader,
  type EventMatcher,
  type Message,
  type NSConn,
  Server,
  type StandardSchemaV1,
} from "../../neffos/mod.ts";
import { Application } from "../application.ts";
import { Router } from "../router/router.ts";
import { websocketHandler } from "../websocket.ts";
import { asyncapi } from "./asyncapi.ts";
import type { JsonSchema } from "./schema.ts";

const OPTIONS = { title: "Chat", version: "1.2.3" };

/** A schema that takes everything; a converter makes JSON Schema of its vendor. */
function makeSchema<T>(vendor: string): StandardSchemaV1<T> {
  return {
    "~standard": {
      version: 1,
      vendor,
      validate: (value) => ({ value: value as T }),
    },
  };
}

/** Makes an application with one websocket controller. */
function handle(
  controller: object,
  set?: { readonly matcher: EventMatcher },
): Application {
  const app = new Application(new Router());
  const struct = app.handleWebsocket(controller as typeof ChatController);
  if (set !== undefined) struct.setEventMatcher(set.matcher);
  return app;
}

class ChatController {
  static readonly namespace = "chat";
  static readonly events = { onSay: makeSchema<string>("said") };
  static readonly answers = { onSay: makeSchema<number>("answered") };
  static readonly emits = { onSay: makeSchema<string>("sent") };
  onNamespaceConnect() {}
  onSay(_nsConn: NSConn, msg: Message<string>) {
    return msg.json().length;
  }
  onTyping() {}
}

Deno.test("asyncapi() has a channel for each namespace, and an operation for each event", async () => {
  const app = new Application(new Router().party("/rooms/:room(\\d+)/chat"));
  app.handleWebsocket(ChatController);
  const server = new Server(denoUpgrader(), app);
  app.router.get("/", websocketHandler(server));
  const document = asyncapi(app, {
    ...OPTIONS,
    description: "All about it",
    servers: {
      local: "ws://127.0.0.1:8080",
      production: new URL("wss://user:secret@chat.example.com/v1/?token=1"),
      staging: { host: "staging", protocol: "wss", description: "New things" },
    },
    toJsonSchema: (schema) => ({
      type: schema["~standard"].vendor === "answered" ? "number" : "string",
    }),
  });
  const text = (key: string) => ({
    name: "onSay",
    payload: { $ref: `#/components/schemas/${key}` },
    contentType: "text/plain",
  });
  const channel = { $ref: "#/channels/chat" };
  const refer = (key: string) => [{ $ref: `#/channels/chat/messages/${key}` }];
  assertEquals(document, {
    asyncapi: "3.0.0",
    info: { title: "Chat", version: "1.2.3", description: "All about it" },
    servers: {
      local: { host: "127.0.0.1:8080", protocol: "ws" },
      production: {
        host: "chat.example.com",
        protocol: "wss",
        pathname: "/v1",
      },
      staging: { host: "staging", protocol: "wss", description: "New things" },
    },
    defaultContentType: "application/json",
    channels: {
      chat: {
        address: "/rooms/{room}/chat",
        title: 'Namespace "chat"',
        description:
          "Its events are frames of the neffos protocol, to the namespace or to a room in it; one websocket carries all namespaces of the address.",
        messages: {
          "onSay": text("chat_onSay"),
          "onSay.answer": {
            name: "onSay",
            payload: { $ref: "#/components/schemas/chat_onSay_answer" },
          },
          "onTyping": { name: "onTyping", payload: {} },
          "onTyping.answer": { name: "onTyping", payload: {} },
          "onSay.sent": text("chat_onSay_sent"),
        },
        parameters: { room: { description: "matches \\d+" } },
        "x-neffos-namespace": "chat",
      },
    },
    operations: {
      "chat.onSay": {
        action: "receive",
        channel,
        messages: refer("onSay"),
        reply: { channel, messages: refer("onSay.answer") },
      },
      "chat.onTyping": {
        action: "receive",
        channel,
        messages: refer("onTyping"),
        reply: { channel, messages: refer("onTyping.answer") },
      },
      "chat.onSay.sent": {
        action: "send",
        channel,
        messages: refer("onSay.sent"),
      },
    },
    components: {
      schemas: {
        chat_onSay: { type: "string" },
        chat_onSay_answer: { type: "number" },
        chat_onSay_sent: { type: "string" },
      },
    },
  });
  await server.close();
});

Deno.test("asyncapi() has no address without an endpoint, and one channel for each of several", async () => {
  const app = new Application(new Router());
  app.handleWebsocket(ChatController);
  const listChannels = () =>
    Object.entries(asyncapi(app, OPTIONS).channels)
      .map(([id, { address }]) => [id, address]);
  assertEquals(listChannels(), [["chat", null]]);
  const server = new Server(denoUpgrader(), app);
  app.router.get("/one", websocketHandler(server));
  assertEquals(listChannels(), [["chat", "/one"]]);
  app.router.get("/two", websocketHandler(server));
  assertEquals(listChannels(), [["chat-one", "/one"], ["chat-two", "/two"]]);
  const options = { ...OPTIONS, toJsonSchema: () => ({}) };
  assertEquals(
    Object.keys(asyncapi(app, options).components.schemas),
    ["chat_onSay", "chat_onSay_answer", "chat_onSay_sent"],
  );
  await server.close();
});

Deno.test("asyncapi() makes keys of all names, each its own", () => {
  class Native {
    onNativeMessage() {}
  }
  class Other {
    onSay() {}
  }
  const app = new Application(new Router());
  app.handleWebsocket(Native);
  for (const name of ["empty", "a b/ü", "a/b", "ロビー", "__proto__"]) {
    app.handleWebsocket(Other).setNamespace(name);
  }
  const { channels, operations } = asyncapi(app, OPTIONS);
  assertEquals(
    Object.entries(channels)
      .map(([id, channel]) => [id, channel["x-neffos-namespace"]]),
    [
      ["empty", ""],
      ["empty-2", "empty"],
      ["a-b", "a b/ü"],
      ["a-b-2", "a/b"],
      ["name", "ロビー"],
      ["proto", "__proto__"],
    ],
  );
  // A native message is no ask.
  assertEquals(operations["empty._OnNativeMessage"], {
    action: "receive",
    channel: { $ref: "#/channels/empty" },
    messages: [{ $ref: "#/channels/empty/messages/_OnNativeMessage" }],
  });
});

Deno.test("asyncapi() has a message of its own for each event of a namespace", () => {
  class Greek {
    onΓεια() {}
    onΑντίο() {}
    onΑντίοAnswer() {}
  }
  const { channels, operations } = asyncapi(
    handle(Greek, { matcher: (name) => name.replace("Answer", ".answer") }),
    OPTIONS,
  );
  const messages = channels.empty?.messages as Record<string, JsonSchema>;
  assertEquals(
    Object.entries(messages).map(([key, { name }]) => [key, name]),
    [
      ["on", "onΓεια"],
      ["on.answer", "onΓεια"],
      ["on-2", "onΑντίο"],
      ["on-2.answer", "onΑντίο"],
      ["on-.answer", "onΑντίο.answer"],
      ["on-.answer.answer", "onΑντίο.answer"],
    ],
  );
  assertEquals(
    Object.values(operations).map(({ messages }) => messages),
    ["on", "on-2", "on-.answer"].map((key) => [{
      $ref: `#/channels/empty/messages/${key}`,
    }]),
  );
});

Deno.test("asyncapi() has an event that two controllers send once, unless its bodies differ", () => {
  const [text, number] = ["text", "number"].map(makeSchema<unknown>);
  class First {
    static readonly namespace = "news";
    static readonly emits = { onNote: text, onCount: text };
    onOne() {}
  }
  class Second {
    static readonly namespace = "news";
    static readonly emits = { onNote: text, onCount: number };
    onTwo() {}
  }
  const app = handle(First);
  app.handleWebsocket(Second);
  const { operations } = asyncapi(app, OPTIONS);
  assertEquals(
    Object.keys(operations).filter((key) => key.includes(".sent")),
    ["news.onNote.sent", "news.onCount.sent", "news.onCount.sent-2"],
  );
});

Deno.test("asyncapi() writes addresses as URI templates", async () => {
  const addresses: [path: string, address: string, parameters?: object][] = [
    ["/a b/ü%20", "/a%20b/%C3%BC%20"],
    ["/a\\?b\\{c\\}", "/a%3Fb%7Bc%7D"],
    ["/:$id/:tab?", "/{id}/{tab}", {
      id: {},
      tab: { description: "may be left out" },
    }],
    ["/:ñ/:é(\\d+)?", "/{name}/{name-2}", {
      name: {},
      "name-2": { description: "may be left out, matches \\d+" },
    }],
  ];
  for (const [path, address, parameters] of addresses) {
    const app = handle(ChatController);
    await using server = new Server(denoUpgrader(), app);
    app.router.get(path, websocketHandler(server));
    const { chat } = asyncapi(app, OPTIONS).channels;
    assertEquals([chat?.address, chat?.parameters], [address, parameters]);
  }
});

Deno.test("asyncapi() says which schema refers to what it does not have", () => {
  assertThrows(
    () =>
      asyncapi(handle(ChatController), {
        ...OPTIONS,
        toJsonSchema: () => ({ items: { $ref: "#/definitions/Node" } }),
      }),
    TypeError,
    'Cannot describe the schema "chat_onSay": it refers to "#/definitions/Node", which it does not have',
  );
});

Deno.test("asyncapi() says what is wrong with its options", () => {
  const app = new Application(new Router());
  assertThrows(
    () => asyncapi(app, { ...OPTIONS, title: "" }),
    TypeError,
    'Cannot make an AsyncAPI document: its title must be a string that is not empty, not ""',
  );
  for (const server of ["chat.example.com", "https://chat.example.com"]) {
    assertThrows(
      () => asyncapi(app, { ...OPTIONS, servers: { main: server } }),
      TypeError,
      `Cannot describe server "main" at "${server}": it must be a URL that begins with ws: or wss:`,
    );
  }
  assertThrows(
    () => asyncapi(app, { ...OPTIONS, servers: { main: null! } }),
    TypeError,
    'Cannot describe server "main" at "null"',
  );
});
