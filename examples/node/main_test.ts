import { fileURLToPath } from "node:url";
import { cacheFolder } from "../../tools/interop/cache.ts";
import { install } from "../../tools/interop/peer.ts";
import { installNode } from "../../tools/interop/platforms/programs.ts";
import { prepareExample } from "../_shared/platforms.ts";
import { testChat } from "../chat/behaviours.ts";
import { testPage } from "../chat/page_behaviours.ts";

const NAME = "the chat on Node";

/** The oldest version that runs it. */
const LOWEST = 20;

const start = await prepareExample(NAME, async () => {
  await install(fileURLToPath(new URL(".", import.meta.url)));
  const node = await installNode(cacheFolder(), LOWEST);
  const hooks = new URL("sources.mjs", import.meta.url);
  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  return [node, `--import=${hooks}`, main];
});

testChat(NAME, start);
testPage(NAME, start, { isLong: true });
