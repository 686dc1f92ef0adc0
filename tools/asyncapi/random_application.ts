/**
 * Applications of random parts with odd names, and schemas of several libraries.
 *
 * @module
 */

import { Type } from "npm:@sinclair/typebox@0.34";
import { toJsonSchema } from "npm:@valibot/to-json-schema@1";
import { type } from "npm:arktype@2";
import * as v from "npm:valibot@1";
import { z } from "npm:zod@4";
import {
  Application,
  asyncapi,
  type AsyncApiDocument,
  denoUpgrader,
  type ExplainOptions,
  type Explanation,
  joinConnHandlers,
  Router,
  Server,
  type StandardSchemaV1,
  type Struct,
  websocketHandler,
} from "../../mod.ts";
import type { Prng } from "../fuzz/prng.ts";

const NAMES = [
  ...["", "chat", "Chat", "chat-2", "a b", "a/b", "a~1b", "a#b", "a%20b"],
  ...["__proto__", "constructor", "toString", "..", "-", "\n", "ロビー", "🙂"],
  ...["payload", "messages", "$ref", "x-y", "chat.answer", "chat.sent", "Γεια"],
];

const PATHS = [
  ...["/plain", "/a b/ü", "/:id", "/:$id/:tab?", "/:ñ(\\d+)", "/files/*"],
  ...["/(a|b)/{:c-d}?", "/a\\?b\\#c\\{d\\}", "/:all+", "/:__proto__"],
];

/** A type of TypeBox, which has no Standard Schema of its own. */
class TypeBoxSchema implements StandardSchemaV1 {
  readonly "~standard" = {
    version: 1,
    vendor: "typebox",
    validate: (value: unknown) => ({ value }),
  } as const;
  constructor(readonly type: object) {}
}

const Comment = z.object({
  text: z.string().default("none"),
  get answers() {
    return z.array(Comment);
  },
});
const Named = z.object({ at: z.iso.datetime() }).meta({ id: "A time/place %" });

interface Item {
  readonly name: string;
  readonly next?: Item | undefined;
}
const Item: v.GenericSchema<Item> = v.object({
  name: v.string(),
  next: v.optional(v.lazy(() => Item)),
});

const MODULE = Type.Module({
  A: Type.Object({ b: Type.Ref("B") }),
  B: Type.Object({ a: Type.Optional(Type.Ref("A")) }),
});

const SCHEMAS: readonly StandardSchemaV1[] = [
  z.string(),
  Comment,
  z.object({ from: Named, to: Named }),
  z.object({ when: z.date() }), // JSON Schema has no dates
  z.union([z.literal("a"), z.tuple([z.int(), z.null()])]),
  Item,
  v.picklist(["yes", "no"]),
  type({ "a?": "string[]", b: "number > 0" }),
  type.module({ node: { "next?": "node", value: "number" } }).node,
  new TypeBoxSchema(
    Type.Recursive((This) => Type.Object({ all: Type.Array(This) })),
  ),
  new TypeBoxSchema(MODULE.Import("A")),
  new TypeBoxSchema(Type.Object({ id: Type.String() }, { $id: "Own" })),
];

const OPTIONS: ExplainOptions = {
  toJsonSchema(schema) {
    if (schema instanceof TypeBoxSchema) return schema.type;
    if (schema["~standard"].vendor !== "valibot") return undefined;
    return toJsonSchema(schema as v.GenericSchema);
  },
};

/** What was made of an application. */
export interface RandomDocument {
  readonly document: AsyncApiDocument;
  readonly explanation: Explanation;
}

/** Makes the document of a random application. */
export async function makeRandomDocument(rng: Prng): Promise<RandomDocument> {
  const router = new Router();
  const app = new Application(router);
  const child = app.party("/child/:of");
  const events = [...NAMES];
  for (let i = 0; i <= rng.below(5); i++) {
    addController(rng, rng.pick([app, child]), events);
  }
  const other = { other: { onOther() {}, onNamespaceConnected() {} } };
  const handler = joinConnHandlers(app, child, rng.chance(500) ? other : {});
  await using server = rng.chance(800)
    ? new Server(denoUpgrader(), handler)
    : undefined;
  const paths = [...PATHS];
  for (let i = 0; server !== undefined && i < rng.below(4); i++) {
    const { router } = rng.pick([app, child]);
    router.get(rng.take(paths)!, websocketHandler(server));
  }
  const document = asyncapi(app, {
    ...OPTIONS,
    title: "Random",
    version: "1.0.0",
    servers: { main: "wss://example.com/v1/" },
  });
  return { document, explanation: app.explain(OPTIONS) };
}

/** Adds a controller to some namespaces; its events are taken from a list. */
function addController(rng: Prng, app: Application, names: string[]): void {
  const count = 1 + rng.below(3);
  const methods = Array.from({ length: count }, (_, i) => `on${i}`);
  const pickSchemas = (keys: readonly string[]) =>
    Object.fromEntries(
      keys.filter(() => rng.chance(600)).map((key) => [key, rng.pick(SCHEMAS)]),
    );
  class Controller {
    static readonly events = pickSchemas(methods);
    static readonly answers = pickSchemas(methods);
    static readonly emits = pickSchemas([rng.pick(NAMES), rng.pick(NAMES)]);
  }
  const prototype = Controller.prototype as unknown as Record<string, unknown>;
  for (const key of methods) prototype[key] = (): void => {};
  const wanted = new Map(methods.map((key) => [key, rng.take(names) ?? key]));
  // One alone may handle native messages.
  if (names.length === NAMES.length - count) {
    prototype.onNativeMessage = (): void => {};
  }
  const namespaces = [...NAMES];
  for (let i = 0; i <= rng.below(2); i++) {
    // The compiler knows no methods of it.
    const struct: Struct = app.handleWebsocket(Controller as never);
    struct.setNamespace(rng.take(namespaces)!)
      .setEventMatcher((name) => wanted.get(name));
  }
}
