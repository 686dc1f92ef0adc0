/**
 * {@linkcode asyncapi}: an AsyncAPI document of an application.
 *
 * @module
 */

import { OnNativeMessage } from "../../neffos/mod.ts";
import type { Explanation } from "./explanation.ts";
import { describeParams, toTemplate } from "../router/pattern.ts";
import type { EmittedExplanation, NamespaceExplanation } from "./parts.ts";
import { moveSchema } from "./references.ts";
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
  /** The schemas of bodies. */
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
  };
}

/**
 * Describes the websocket side of an application as a document of
 * [AsyncAPI](https://www.asyncapi.com) 3.0, for its generators of documentation
 * and of code.
 *
 * Each namespace is a channel, at the path of its endpoint. Each event that it
 * handles is an operation `receive`, whose reply is what an ask is answered with;
 * each event in `static emits` of its controllers is an operation `send`. The
 * bodies have the JSON Schema that `app.explain()` finds, in
 * `components.schemas`, or `{}`, which allows anything. The `name` of a message is
 * that of its event; keys are made of the names, which may have signs that a key
 * cannot have. The frames are those of the neffos protocol, which carries all
 * namespaces of an endpoint over one connection.
 *
 * @param app The application.
 * @param options The title, the version, and the servers.
 * @returns The document.
 * @throws {TypeError} If the title, the version or a server is not valid, a
 * controller handles an event twice, or a schema cannot be converted or refers to
 * a part that it does not have.
 * @throws {DependencyError} If a controller cannot be built any more.
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
  const parts: Parts = {
    channels: new Map(),
    operations: new Map(),
    schemas: new Map(),
    keys: new Map(),
  };
  for (const namespace of namespaces) {
    const { endpoints } = namespace;
    for (const path of endpoints.length > 0 ? endpoints : [undefined]) {
      addChannel(parts, namespace, path);
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
    channels: Object.fromEntries(parts.channels),
    operations: Object.fromEntries(parts.operations),
    components: { schemas: Object.fromEntries(parts.schemas) },
  };
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
  const isText = typeof server === "string" || server instanceof URL;
  if (!isText && typeof server?.host === "string") return server;
  const url = isText && URL.canParse(server) ? new URL(server) : undefined;
  if (url === undefined || !/^wss?:$/.test(url.protocol)) {
    throw new TypeError(
      `Cannot describe server "${name}" at "${server}": it must be a URL that begins with ws: or wss:`,
    );
  }
  const { host, protocol } = url;
  // The addresses of channels begin with a slash.
  const pathname = url.pathname.replace(/\/$/, "");
  return {
    host,
    protocol: protocol.slice(0, -1),
    ...(pathname !== "" && { pathname }),
  };
}

/** What a document consists of, by the keys of AsyncAPI. */
interface Parts {
  readonly channels: Map<string, JsonSchema>;
  readonly operations: Map<string, JsonSchema>;
  readonly schemas: Map<string, JsonSchema>;
  /** The keys of schemas, which the channels of several endpoints share. */
  readonly keys: Map<SchemaExplanation, string>;
}

/** Makes a key that AsyncAPI takes, even if nothing of the name can stay. */
function toKey(name: string): string {
  const key = name.replaceAll(/[^\w.-]+/g, "-").replaceAll(/^-|-$/g, "");
  // A key that tools written in JavaScript would lose.
  if (key === "__proto__") return "proto";
  return key || (name === "" ? "empty" : "name");
}

function findFree(
  taken: { has(key: string): boolean },
  name: string,
): string {
  let free = name;
  for (let i = 2; taken.has(free); i++) free = `${name}-${i}`;
  return free;
}

/** Adds a namespace, at the path of one of its endpoints if it has any. */
function addChannel(
  parts: Parts,
  namespace: NamespaceExplanation,
  path: string | undefined,
): void {
  const { name, endpoints, events, emits } = namespace;
  const wanted = endpoints.length > 1 ? `${name}${path}` : name;
  const id = findFree(parts.channels, toKey(wanted));
  const channel = { $ref: `#/channels/${id}` };
  const all = new Map<string, JsonSchema>();

  function addMessage(wanted: string, { name: event, schema }: Described) {
    const key = findFree(all, wanted);
    const message = describeBody(parts, `${toKey(name)}.${key}`, schema);
    all.set(key, { name: event, ...message });
    return { key, messages: [{ $ref: `${channel.$ref}/messages/${key}` }] };
  }
  function addOperation(key: string, operation: JsonSchema): void {
    parts.operations.set(findFree(parts.operations, `${id}.${key}`), operation);
  }

  for (const event of events) {
    const { name, isBuiltIn, answer: schema } = event;
    const isNative = name === OnNativeMessage;
    // Entering and leaving are the protocol's own affair, and no messages.
    if (isBuiltIn && !isNative) continue;
    const { key, messages } = addMessage(toKey(name), event);
    const answer = isNative
      ? undefined
      : addMessage(`${key}.answer`, { name, schema });
    addOperation(key, {
      action: "receive",
      channel,
      messages,
      ...(answer && { reply: { channel, messages: answer.messages } }),
    });
  }
  for (const event of emits.filter(isFirst)) {
    // A namespace may handle an event, and send one of the same name.
    const { key, messages } = addMessage(`${toKey(event.name)}.sent`, event);
    addOperation(key, { action: "send", channel, messages });
  }
  parts.channels.set(id, {
    ...describeAddress(path),
    title: name === "" ? "The empty namespace" : `Namespace "${name}"`,
    description:
      "Its events are frames of the neffos protocol, to the namespace or to a room in it; one websocket carries all namespaces of the address.",
    messages: Object.fromEntries(all),
    "x-neffos-namespace": name,
  });
}

/** An event with the schema of a body. */
interface Described {
  readonly name: string;
  readonly schema?: SchemaExplanation | undefined;
}

/** Tells whether no controller before sends the same event with the same body. */
function isFirst(
  event: EmittedExplanation,
  index: number,
  all: readonly EmittedExplanation[],
): boolean {
  const text = JSON.stringify(event);
  return all.findIndex((each) => JSON.stringify(each) === text) === index;
}

function describeAddress(path: string | undefined): JsonSchema {
  if (path === undefined) return { address: null };
  const keys = new Map<string, string>();
  const parameters = new Map<string, JsonSchema>();
  for (const { name, isOptional, source } of describeParams(path)) {
    const key = findFree(parameters, toKey(name));
    keys.set(name, key);
    const notes = [
      ...(isOptional ? ["may be left out"] : []),
      ...(source === undefined ? [] : [`matches ${source}`]),
    ];
    parameters.set(
      key,
      notes.length === 0 ? {} : { description: notes.join(", ") },
    );
  }
  return {
    address: toTemplate(path, (name) => keys.get(name)!),
    ...(keys.size > 0 && { parameters: Object.fromEntries(parameters) }),
  };
}

/** Describes a body. Its schema stands by itself: generators need its name. */
function describeBody(
  { schemas, keys }: Parts,
  name: string,
  schema: SchemaExplanation | undefined,
): JsonSchema {
  if (schema?.jsonSchema === undefined) return { payload: {} };
  // Of other signs they make words, as in ChatDotOnSay.
  const key = keys.get(schema) ??
    findFree(schemas, name.replaceAll(/[.-]/g, "_"));
  if (!keys.has(schema)) {
    keys.set(schema, key);
    schemas.set(key, moveToComponents(key, schema.jsonSchema));
  }
  return {
    payload: { $ref: `#/components/schemas/${key}` },
    // A string is not sent as JSON.
    ...(schema.jsonSchema.type === "string" && { contentType: "text/plain" }),
  };
}

function moveToComponents(key: string, schema: JsonSchema): JsonSchema {
  try {
    return moveSchema(schema, `#/components/schemas/${key}`);
  } catch (cause) {
    throw new TypeError(
      `Cannot describe the schema "${key}": ${(cause as Error).message}`,
      { cause },
    );
  }
}
