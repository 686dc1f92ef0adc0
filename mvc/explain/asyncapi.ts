/**
 * {@linkcode asyncapi}: an AsyncAPI document of an application.
 *
 * @module
 */

import { OnNativeMessage } from "../../neffos/mod.ts";
import type { Explanation } from "./explanation.ts";
import { describeParams, toTemplate } from "../router/pattern.ts";
import type { EventExplanation, NamespaceExplanation } from "./parts.ts";
import type {
  ExplainOptions,
  JsonSchema,
  SchemaExplanation,
} from "./schema.ts";

/**
 * A server of an AsyncAPI document.
 *
 * @category Observability
 */
export interface AsyncApiServer {
  /** The host, with the port if it is not the usual one: `chat.example.com`. */
  readonly host: string;
  /** The protocol: `wss`, or `ws` without encryption. */
  readonly protocol: string;
  /** The path before those of the endpoints, such as `/v1`. */
  readonly pathname?: string;
  /** A text for people, which may be Markdown. */
  readonly description?: string;
  /** Any other field of AsyncAPI's Server Object. */
  readonly [field: string]: unknown;
}

/**
 * Options of {@linkcode asyncapi}.
 *
 * @category Observability
 */
export interface AsyncApiOptions extends ExplainOptions {
  /** The title of the document. */
  readonly title: string;
  /** The version of the program's own API. */
  readonly version: string;
  /**
   * A text about the API, which may be Markdown.
   *
   * @default {none}
   */
  readonly description?: string;
  /**
   * The servers by name: each a URL such as `wss://chat.example.com`, or all that
   * AsyncAPI can say of one.
   *
   * @default {none}
   */
  readonly servers?: Readonly<Record<string, string | URL | AsyncApiServer>>;
}

/**
 * A document of AsyncAPI 3.0, which JSON can carry.
 *
 * @category Observability
 */
export interface AsyncApiDocument {
  /** The version of the specification. */
  readonly asyncapi: "3.0.0";
  /** What the API is. */
  readonly info: JsonSchema;
  /** Where the API is. */
  readonly servers?: Readonly<Record<string, AsyncApiServer>>;
  /** The content type of bodies. */
  readonly defaultContentType: string;
  /** The namespaces. */
  readonly channels: Readonly<Record<string, JsonSchema>>;
  /** The events. */
  readonly operations: Readonly<Record<string, JsonSchema>>;
}

/**
 * Describes the websocket side of an application as a document of
 * [AsyncAPI](https://www.asyncapi.com) 3.0, for its generators of documentation
 * and of code.
 *
 * Each namespace is a channel, at the path of its endpoint. Each event that it
 * handles is an operation `receive`, whose reply is what an ask is answered with;
 * each event in `static emits` of its controllers is an operation `send`. The
 * bodies have the JSON Schema that `app.explain()` finds, or `{}`, which allows
 * anything. The frames are those of the neffos protocol, which carries all
 * namespaces of an endpoint over one connection.
 *
 * @param app The application.
 * @param options The title, the version, and the servers.
 * @returns The document.
 * @throws {TypeError} If the title, the version or a server is not valid, or a
 * schema cannot be converted.
 *
 * @example
 * ```ts
 * import { Application, asyncapi, Router } from "@neffos/mvc";
 * import { assertEquals } from "@std/assert";
 *
 * class ChatController {
 *   static readonly namespace = "chat";
 *   onSay() {}
 * }
 *
 * const app = new Application(new Router());
 * app.handleWebsocket(ChatController);
 * const document = asyncapi(app, {
 *   title: "Chat",
 *   version: "1.0.0",
 *   servers: { production: "wss://chat.example.com" },
 * });
 * assertEquals(Object.keys(document.operations), ["chat.onSay"]);
 * console.log(JSON.stringify(document, null, 2));
 * ```
 *
 * @category Observability
 */
export function asyncapi(
  app: { explain(options?: ExplainOptions): Explanation },
  { title, version, description, servers, toJsonSchema }: AsyncApiOptions,
): AsyncApiDocument {
  assertText("title", title);
  assertText("version", version);
  const { namespaces } = app.explain({ toJsonSchema });
  const channels: Record<string, JsonSchema> = {};
  const operations: Record<string, JsonSchema> = {};
  for (const namespace of namespaces.map(leaveOutLifeCycle)) {
    const { name, endpoints } = namespace;
    for (const path of endpoints.length > 0 ? endpoints : [undefined]) {
      const wanted = endpoints.length > 1 ? `${name}${path}` : name;
      const place = { id: findFree(channels, toKey(wanted)), namespace };
      channels[place.id] = makeChannel(place, path);
      for (const [key, operation] of makeOperations(place)) {
        operations[findFree(operations, key)] = operation;
      }
    }
  }
  return {
    asyncapi: "3.0.0",
    info: { title, version, ...(description !== undefined && { description }) },
    ...(servers && {
      servers: Object.fromEntries(
        Object.entries(servers)
          .map(([name, server]) => [name, toServer(name, server)]),
      ),
    }),
    defaultContentType: "application/json",
    channels,
    operations,
  };
}

/** Entering and leaving are the protocol's own affair, and no messages. */
function leaveOutLifeCycle(
  namespace: NamespaceExplanation,
): NamespaceExplanation {
  const events = namespace.events.filter(({ name, isBuiltIn }) =>
    !isBuiltIn || name === OnNativeMessage
  );
  return { ...namespace, events };
}

function assertText(option: string, value: unknown): void {
  if (typeof value === "string" && value !== "") return;
  throw new TypeError(
    `Cannot make an AsyncAPI document: its ${option} must be a string that is not empty, not ${
      JSON.stringify(value)
    }`,
  );
}

function toServer(
  name: string,
  server: string | URL | AsyncApiServer,
): AsyncApiServer {
  if (typeof server === "object" && !(server instanceof URL)) return server;
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url === undefined || !/^wss?:$/.test(url.protocol)) {
    throw new TypeError(
      `Cannot describe server "${name}" at "${server}": it must be a URL that begins with ws: or wss:`,
    );
  }
  const { host, protocol, pathname } = url;
  return {
    host,
    protocol: protocol.slice(0, -1),
    ...(pathname !== "/" && { pathname }),
  };
}

/** Makes a name that AsyncAPI takes as a key. */
function toKey(name: string): string {
  return name.replaceAll(/[^\w.-]+/g, "-").replaceAll(/^-|-$/g, "") || "empty";
}

function findFree(taken: object, name: string): string {
  let free = name;
  for (let i = 2; Object.hasOwn(taken, free); i++) free = `${name}-${i}`;
  return free;
}

/** Where the messages of a channel are. */
interface Place {
  readonly id: string;
  readonly namespace: NamespaceExplanation;
}

/** A message, by its key in the channel. */
type KeyedMessage = readonly [key: string, message: JsonSchema];

function makeChannel(place: Place, path: string | undefined): JsonSchema {
  const { name, events, emits } = place.namespace;
  const messages = [
    ...events.flatMap((event) => makeMessages(place, event)),
    ...emits.map(({ name, schema }) =>
      makeMessage(place, { key: toSentKey(name), name, schema })
    ),
  ];
  const params = path === undefined ? [] : describeParams(path);
  return {
    address: path === undefined ? null : toTemplate(path),
    title: name === "" ? "The empty namespace" : `Namespace "${name}"`,
    description:
      "Its events are frames of the neffos protocol; one websocket carries all namespaces of the address.",
    messages: Object.fromEntries(messages),
    ...(params.length > 0 && {
      parameters: Object.fromEntries(
        params.map(({ name, source }) => [
          name,
          source === undefined ? {} : { description: `matches ${source}` },
        ]),
      ),
    }),
    "x-neffos-namespace": name,
  };
}

/** Makes the message of an event that the namespace handles, and its answer's. */
function makeMessages(
  place: Place,
  { name, schema, answer }: EventExplanation,
): KeyedMessage[] {
  const message = makeMessage(place, { key: toKey(name), name, schema });
  if (name === OnNativeMessage) return [message];
  const reply = { key: toAnswerKey(name), name, schema: answer };
  return [message, makeMessage(place, reply)];
}

function makeMessage(
  { id }: Place,
  { key, name, schema }: {
    readonly key: string;
    readonly name: string;
    readonly schema: SchemaExplanation | undefined;
  },
): KeyedMessage {
  const base = `#/channels/${id}/messages/${key}/payload`;
  const payload = moveReferences(schema?.jsonSchema ?? {}, base);
  return [key, { name, payload }];
}

/** Makes the references of a schema lead to where it stands in the document. */
function moveReferences(schema: unknown, base: string): unknown {
  if (Array.isArray(schema)) {
    return schema.map((each) => moveReferences(each, base));
  }
  if (typeof schema !== "object" || schema === null) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      key === "$ref" && typeof value === "string" && value.startsWith("#")
        ? base + value.slice(1)
        : moveReferences(value, base),
    ]),
  );
}

function makeOperations(
  { id, namespace: { events, emits } }: Place,
): [name: string, operation: JsonSchema][] {
  const channel = { $ref: `#/channels/${id}` };
  const refer = (key: string) => [{ $ref: `${channel.$ref}/messages/${key}` }];
  return [
    ...events.map(({ name }): [string, JsonSchema] => [
      `${id}.${toKey(name)}`,
      {
        action: "receive",
        channel,
        messages: refer(toKey(name)),
        ...(name !== OnNativeMessage && {
          reply: { channel, messages: refer(toAnswerKey(name)) },
        }),
      },
    ]),
    ...emits.map(({ name }): [string, JsonSchema] => [
      `${id}.${toSentKey(name)}`,
      { action: "send", channel, messages: refer(toSentKey(name)) },
    ]),
  ];
}

function toAnswerKey(event: string): string {
  return `${toKey(event)}.answer`;
}

/** A namespace may handle an event, and send one of the same name. */
function toSentKey(event: string): string {
  return `${toKey(event)}.sent`;
}
