import { fileURLToPath } from "node:url";
import { cacheFolder } from "../../tools/interop/cache.ts";
import { installBun } from "../../tools/interop/platforms/programs.ts";
import { prepareExample } from "../_shared/platforms.ts";
import { testChat } from "../chat/behaviours.ts";
import { testPage } from "../chat/page_behaviours.ts";

const NAME = "the chat on Bun";

const start = await prepareExample(NAME, async () => {
  const bun = await installBun(cacheFolder());
  return [bun, fileURLToPath(new URL("main.ts", import.meta.url))];
});

testChat(NAME, start);
testPage(NAME, start, { isLong: true });
