import { assertEquals } from "@std/assert";
import { readGrammar } from "../session/actions.ts";
import { Memory } from "../session/memory.ts";
import { completeLine } from "./completion.ts";

const memory = new Memory(["emit", "ask", "join", "connect", "room", "emote"]);
memory.namespaces.add("chat").add("my shop").add("");
memory.add({ room: "lobby", event: "onSay" });
memory.add({ room: "loud room", event: "onSave" });

function complete(line: string): [string[], string] {
  return completeLine(line, readGrammar, memory.list);
}

Deno.test("completeLine() completes commands, and the names that were seen", () => {
  const cases: [line: string, hits: string[], fragment: string][] = [
    ["em", ["emit ", "emote "], "em"],
    ["", ["ask ", "connect ", "emit ", "emote ", "join ", "room "], ""],
    ["emit on", ["onSave ", "onSay "], "on"],
    ["  ask   onSay", ["onSay "], "onSay"],
    ["connect ", ["chat ", '"my shop" '], ""],
    ["join l", ["lobby ", '"loud room" '], "l"],
    ['join "lou', ['"loud room" '], '"lou'],
    ["room e", ["emit "], "e"],
    ["room lo", ["lobby ", '"loud room" '], "lo"],
    ["room lobby ", ["ask ", "emit "], ""],
    ["room lobby emit onSav", ["onSave "], "onSav"],
    ["room emit onSav", ["onSave "], "onSav"],
    ['room "loud room" ask onSav', ["onSave "], "onSav"],
    ["emit onSay on", [], "on"],
    ["fly on", [], "on"],
    ["quit ", [], ""],
  ];
  for (const [line, hits, fragment] of cases) {
    assertEquals(complete(line), [hits, fragment], line);
  }
});
