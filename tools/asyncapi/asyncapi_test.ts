import { assert, assertEquals } from "@std/assert";
import type { AsyncApiDocument, Explanation } from "../../mod.ts";
import { readBlocks } from "../first_hour/blocks.ts";
import { Prng } from "../fuzz/prng.ts";
import { loadParser } from "./parser.ts";
import type { RandomDocument } from "./random_application.ts";

/** Variables: they import zod, and a machine without npm should load this test. */
const DOCUMENT = "./document.ts";
const RANDOM_APPLICATION = "./random_application.ts";
const COUNT = 12;

async function load(): Promise<AsyncApiDocument> {
  const { makeDocument } = await import(DOCUMENT);
  return await makeDocument();
}

const GUIDE = new URL("../../mvc/OBSERVABILITY.md", import.meta.url);
const MODULE = new URL("../../mod.ts", import.meta.url);

/** Runs the program of the guide, and reads the document that it writes. */
async function runGuide(): Promise<AsyncApiDocument> {
  const blocks = readBlocks(await Deno.readTextFile(GUIDE));
  const { text } = blocks.find(({ text }) => text.includes("asyncapi("))!;
  const cwd = await Deno.makeTempDir();
  try {
    const main = `${cwd}/main.ts`;
    const program = text.replace('"@neffos/mvc"', `"${MODULE}"`);
    await Deno.writeTextFile(main, program);
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--check", main],
      cwd,
    });
    const { success } = await command.spawn().status;
    assert(success);
    return JSON.parse(await Deno.readTextFile(`${cwd}/asyncapi.json`));
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

const findFaults = await loadParser();

Deno.test({
  name: "The official parser of AsyncAPI takes what asyncapi() makes",
  ignore: findFaults === undefined,
  async fn() {
    const document = await load();
    assertEquals(await findFaults!(document), []);
    // Something was there to be taken.
    assertEquals(Object.keys(document.channels).length, 6);
  },
});

Deno.test({
  name: "The official parser of AsyncAPI refuses documents that are wrong",
  ignore: findFaults === undefined,
  async fn() {
    const document = await load();
    const { operations } = document;
    const [[name, operation]] = Object.entries(operations) as [
      [string, typeof operations[string]],
    ];
    const wrong = {
      ...document,
      operations: { [name]: { ...operation, action: "take" } },
    };
    const lost = {
      ...document,
      operations: {
        [name]: { ...operation, channel: { $ref: "#/channels/nowhere" } },
      },
    };
    assertEquals(
      [await findFaults!(wrong), await findFaults!(lost)].map((faults) =>
        faults.length > 0
      ),
      [true, true],
    );
  },
});

Deno.test({
  name: "The program of the guide writes a document of AsyncAPI",
  ignore: findFaults === undefined,
  async fn() {
    const document = await runGuide();
    assertEquals(await findFaults!(document), []);
    // What the library's own converter has made.
    assertEquals(document.components.schemas.chat_onNote_sent, {
      type: "string",
    });
  },
});

Deno.test({
  name:
    `The official parser takes the documents of ${COUNT} random applications`,
  ignore: findFaults === undefined,
  async fn() {
    const { makeRandomDocument } = await import(RANDOM_APPLICATION);
    for (let seed = 1; seed <= COUNT; seed++) {
      const { document, explanation }: RandomDocument =
        await makeRandomDocument(new Prng(seed));
      const written = JSON.parse(JSON.stringify(document));
      assertEquals(await findFaults!(written), [], `seed ${seed}`);
      assertEquals(findLost(written), [], `seed ${seed}`);
      const counted = countMessages(document);
      assertEquals(counted, expectMessages(explanation), `seed ${seed}`);
    }
  },
});

/** Finds references that lead to nothing, or out of the document. */
function findLost(document: unknown): string[] {
  const lost: string[] = [];
  JSON.stringify(document, (key, value) => {
    if (key !== "$ref" || typeof value !== "string") return value;
    const [root, ...steps] = value.split("/");
    let at: unknown = root === "#" ? document : undefined;
    for (const step of steps) {
      const name = decodeURIComponent(step)
        .replaceAll("~1", "/").replaceAll("~0", "~");
      at = Object.hasOwn(Object(at), name) ? Reflect.get(at!, name) : undefined;
    }
    if (at === undefined) lost.push(value);
  });
  return lost;
}

/** Counts the messages of each namespace, and checks who uses them. */
function countMessages({ channels, operations }: AsyncApiDocument) {
  const used = Object.values(operations).flatMap((operation) => {
    const { messages, reply } = operation as {
      readonly messages: { readonly $ref: string }[];
      readonly reply?: { readonly messages: { readonly $ref: string }[] };
    };
    return [...messages, ...reply?.messages ?? []].map(({ $ref }) => $ref);
  });
  const all = Object.entries(channels).flatMap(([id, { messages }]) =>
    Object.keys(messages as object)
      .map((key) => `#/channels/${id}/messages/${key}`)
  );
  // Each has an operation of its own.
  assertEquals(used.toSorted(), all.toSorted());
  return Object.values(channels).flatMap((channel) => {
    const messages = channel.messages as Record<string, { name: string }>;
    return Object.values(messages)
      .map(({ name }) => `${channel["x-neffos-namespace"]} ${name}`);
  }).toSorted();
}

/** Lists the messages that a document should have: two for an event, with its answer. */
function expectMessages({ namespaces }: Explanation): string[] {
  return namespaces.flatMap(({ name, endpoints, events, emits }) => {
    const sent = new Set(emits.map((event) => JSON.stringify(event)));
    const names = [
      ...events.filter(({ isBuiltIn }) => !isBuiltIn)
        .flatMap((event) => [event.name, event.name]),
      ...events.filter(({ method }) => method === "onNativeMessage")
        .map((event) => event.name),
      ...Array.from(sent, (text): string => JSON.parse(text).name),
    ];
    return Array.from({ length: Math.max(1, endpoints.length) })
      .flatMap(() => names.map((each) => `${name} ${each}`));
  }).toSorted();
}
