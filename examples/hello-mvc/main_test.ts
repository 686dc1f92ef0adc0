import { assert, assertEquals, assertMatch } from "@std/assert";
import { Example, lacksPackage, runExample } from "../_shared/example.ts";
import type { Link } from "./links.ts";

/** A variable, since a machine without npm should still load this test. */
const ZOD = "npm:zod@^4.2";
const MAIN = new URL("main.ts", import.meta.url);

const NAME =
  "hello-mvc answers with JSON, and with problems that say what is wrong";

Deno.test({
  name: NAME,
  ignore: await lacksPackage(NAME, ZOD),
  async fn() {
    await using example = await Example.start(MAIN);

    async function call<T>(
      method: string,
      path: string,
      value?: unknown,
    ): Promise<{ status: number; body: T }> {
      const response = await fetch(new URL(`/api/links${path}`, example.url), {
        method,
        headers: {
          accept: "application/json",
          "content-type": "application/json",
        },
        ...(value !== undefined && { body: JSON.stringify(value) }),
      });
      const text = await response.text();
      return { status: response.status, body: text && JSON.parse(text) };
    }

    const url = "https://example.com/";
    const saved = await call<Link>("POST", "", { url, title: " An example " });
    assertEquals(saved.status, 201);
    const { id, time } = saved.body;
    assertMatch(time, /^\d{4}-.*Z$/);
    const link = { url, title: "An example", id, time, isRead: false };
    assertEquals(saved.body, link);

    assertEquals(await call("GET", `/${id}`), { status: 200, body: link });
    const change = await call("PATCH", `/${id}`, { isRead: true });
    assertEquals(change, { status: 200, body: { ...link, isRead: true } });
    const list = await call<Link[]>("GET", "?show=read&q=EXAMPLE");
    assertEquals(list.body.map(({ id }) => id), [id]);

    const again = await call<{ detail: string }>("POST", "", {
      url,
      title: "x",
    });
    assertEquals(again.status, 409);
    assertEquals(again.body.detail, 'You have saved this link as "An example"');
    const wrong = await call("POST", "", { url: "ftp://x", title: "" });
    assertEquals(wrong, {
      status: 400,
      body: {
        type: "about:blank",
        title: "Bad Request",
        status: 400,
        detail:
          "Cannot accept the body: url: must begin with http:// or https://; title: must not be empty",
        issues: [
          { path: "url", message: "must begin with http:// or https://" },
          { path: "title", message: "must not be empty" },
        ],
      },
    });
    assertEquals((await call("GET", "?show=some")).status, 400);

    assertEquals(await call("DELETE", `/${id}`), { status: 204, body: "" });
    const gone = await call<{ detail: string }>("DELETE", `/${id}`);
    assertEquals(gone.status, 404);
    assertEquals(gone.body.detail, `There is no link "${id}"`);

    const { code, out } = await runExample(MAIN, { args: ["--explain"] });
    assertEquals(code, 0);
    assert(/POST .*body: { url: string, title: string }/.test(out), out);
  },
});
