/** The router beside `URLPattern`: `deno task bench:parts`. */

import { compilePattern } from "./pattern.ts";
import { Router } from "./router.ts";

const PATTERN = "/users/:id/posts/:post";
const PATH = "/users/12/posts/hello";
const URL_OF_PATH = `http://localhost${PATH}`;

/** What is kept cannot be left out by the compiler. */
export let kept: unknown;

const MATCH = "match a path";
const urlPattern = new URLPattern({ pathname: PATTERN });
const matchPath = compilePattern(PATTERN);

Deno.bench("URLPattern.exec()", { group: MATCH, baseline: true }, () => {
  kept = urlPattern.exec({ pathname: PATH });
});

Deno.bench("compilePattern()", { group: MATCH }, () => {
  kept = matchPath(PATH);
});

const ROUTES = 100;
const ANSWER = `answer a request, with ${ROUTES} routes`;
const info = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
  completed: Promise.resolve(),
} as const;

const patterns: { pattern: URLPattern; answer: () => Response }[] = [];
const router = new Router();
for (let i = 0; i < ROUTES; i++) {
  const path = `/kind${i}/:id`;
  const answer = () => new Response("hello");
  patterns.push({ pattern: new URLPattern({ pathname: path }), answer });
  router.get(path, answer);
}
router.get(PATTERN, (ctx) => ctx.text(ctx.params.id));
patterns.push({
  pattern: new URLPattern({ pathname: PATTERN }),
  answer: () => new Response("hello"),
});

Deno.bench("new Response() alone", { group: ANSWER, baseline: true }, () => {
  kept = [new Request(URL_OF_PATH), new Response("hello")];
});

Deno.bench("a list of URLPattern", { group: ANSWER }, () => {
  const { url } = new Request(URL_OF_PATH);
  for (const { pattern, answer } of patterns) {
    if (pattern.test(url)) return void (kept = answer());
  }
});

Deno.bench("Router.handler()", { group: ANSWER }, async () => {
  kept = await router.handler(new Request(URL_OF_PATH), info);
});
