import { assert } from "@std/assert";
import { CLIENT_BUNDLE } from "../mvc/http/client_bundle.ts";
import * as dashboard from "./bundle/dashboard.ts";
import { generate, isSame, MAX_SIZE, measure, TARGET } from "./bundle.ts";

Deno.test("mvc/http/client_bundle.ts is what `deno task bundle` writes", async () => {
  const text = await Deno.readTextFile(TARGET);
  assert(isSame(text, await generate()), "it is stale: run `deno task bundle`");
});

Deno.test("mvc/dashboard/page_bundle.ts is what `deno task bundle` writes", async () => {
  const text = await Deno.readTextFile(dashboard.TARGET);
  const isFresh = isSame(text, await dashboard.generate());
  assert(isFresh, "it is stale: run `deno task bundle`");
});

Deno.test(`The client has at most ${MAX_SIZE} bytes with gzip`, () => {
  const size = measure(CLIENT_BUNDLE);
  assert(size <= MAX_SIZE, `it has ${size}`);
});

Deno.test("isSame() says yes of the file of another version of Deno, which minifies in another way", () => {
  const own = `with Deno ${Deno.version.deno}.\n`;
  assert(isSame(own, own));
  assert(!isSame(own, `${own}more`));
  assert(isSame("with Deno 2.0.0.\n", own));
  assert(!isSame("", own));
});
