import { assert, assertEquals } from "@std/assert";
import type { AsyncApiDocument } from "../../mod.ts";
import { readBlocks } from "../first_hour/blocks.ts";
import { loadParser } from "./parser.ts";

/** A variable: it imports zod, and a machine without npm should load this test. */
const DOCUMENT = "./document.ts";

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
    const { messages } = document.channels.chat as {
      messages: Record<string, { payload: unknown }>;
    };
    // What the library's own converter has made.
    assertEquals(messages["onNote.sent"]!.payload, { type: "string" });
  },
});
