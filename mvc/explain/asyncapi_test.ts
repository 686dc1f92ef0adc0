import { assertEquals, assertThrows } from "@std/assert";
import {
  denoUpgrader,
  type Message,
  type NSConn,
  Server,
  type StandardSchemaV1,
} from "../../neffos/mod.ts";
import { Application } from "../application.ts";
import { Router } from "../router/router.ts";
import { websocketHandler } from "../websocket.ts";
import { asyncapi } from "./asyncapi.ts";

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
      production: new URL("wss://chat.example.com/v1"),
      staging: { host: "staging", protocol: "wss", description: "New things" },
    },
    toJsonSchema: (schema) => ({ title: schema["~standard"].vendor }),
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
          "Its events are frames of the neffos protocol; one websocket carries all namespaces of the address.",
        messages: {
          "onSay": { name: "onSay", payload: { title: "said" } },
          "onSay.answer": { name: "onSay", payload: { title: "answered" } },
          "onTyping": { name: "onTyping", payload: {} },
          "onTyping.answer": { name: "onTyping", payload: {} },
          "onSay.sent": { name: "onSay", payload: { title: "sent" } },
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
  for (const name of ["empty", "a b/ü", "a/b", "a b"]) {
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
      ["a-b-3", "a b"],
    ],
  );
  // A native message is no ask.
  assertEquals(operations["empty._OnNativeMessage"], {
    action: "receive",
    channel: { $ref: "#/channels/empty" },
    messages: [{ $ref: "#/channels/empty/messages/_OnNativeMessage" }],
  });
});

Deno.test("asyncapi() makes references lead to where a schema stands", () => {
  class Tree {
    static readonly namespace = "tree";
    static readonly events = { onGrow: makeSchema<unknown>("test") };
    onGrow(_nsConn: NSConn, _msg: Message<unknown>) {}
  }
  const app = new Application(new Router());
  app.handleWebsocket(Tree);
  const { channels } = asyncapi(app, {
    ...OPTIONS,
    toJsonSchema: () => ({
      $ref: "#/definitions/Node",
      definitions: {
        Node: { anyOf: [{ $ref: "#" }, { $ref: "https://example.com#/a" }] },
      },
      enum: ["#/definitions/Node"],
    }),
  });
  const base = "#/channels/tree/messages/onGrow/payload";
  const messages = channels.tree?.messages as Record<string, unknown>;
  assertEquals(messages.onGrow, {
    name: "onGrow",
    payload: {
      $ref: `${base}/definitions/Node`,
      definitions: {
        Node: { anyOf: [{ $ref: base }, { $ref: "https://example.com#/a" }] },
      },
      enum: ["#/definitions/Node"],
    },
  });
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
});
