import {
  assertEquals,
  assertInstanceOf,
  assertNotMatch,
  assertThrows,
} from "@std/assert";
import { denoUpgrader, EventError, Server } from "../../neffos/mod.ts";
import { Listening, withString } from "../harness/mod.ts";
import { websocketHandler } from "../websocket.ts";
import { HttpError } from "./http_error.ts";

Deno.test("HttpError has the reason phrase of its status by default", () => {
  assertEquals(new HttpError(404).message, "Not Found");
  assertEquals(new HttpError(418).message, "I'm a teapot");
  assertEquals(new HttpError(499).message, "Client Error");
  assertEquals(new HttpError(599).message, "Server Error");
  assertEquals(new HttpError(400, "no").message, "no");
  assertEquals(new HttpError(400, "").message, "");
  const cause = new Error("why");
  const error = new HttpError(400, "no", { cause });
  assertEquals(error.cause, cause);
  assertEquals(error.name, "HttpError");
  assertInstanceOf(error, EventError);
});

Deno.test("HttpError refuses a status that is not an error", () => {
  for (const status of [399, 600, 200, 400.5, NaN, "404" as never]) {
    assertThrows(() => new HttpError(status), RangeError, "400 to 599");
  }
});

Deno.test("HttpError.toResponse() has status, text and headers", async () => {
  const response = new HttpError(401, "who?", {
    headers: { "www-authenticate": "Basic" },
  }).toResponse();
  assertEquals(response.status, 401);
  assertEquals(response.headers.get("www-authenticate"), "Basic");
  assertEquals(
    response.headers.get("content-type"),
    "text/plain; charset=UTF-8",
  );
  assertEquals(await response.text(), "who?");
});

Deno.test("HttpError.toResponse() sends another body, any number of times", async () => {
  const headers = { "content-type": "application/problem+json" };
  const error = new HttpError(422, "no", { headers, body: { title: "no" } });
  for (let i = 0; i < 2; i++) {
    const response = error.toResponse();
    assertEquals(response.headers.get("content-type"), headers["content-type"]);
    assertEquals(await response.json(), { title: "no" });
  }
});

Deno.test("HttpError is the response wherever it is thrown", async () => {
  await using listening = new Listening();
  const { router, faults } = listening;
  router.get("/sync", () => {
    throw new HttpError(404, "sync");
  });
  router.get("/async", () => Promise.reject(new HttpError(409, "async")));
  const guarded = router.party("/guarded", () => {
    throw new HttpError(401);
  });
  guarded.get("/", (ctx) => ctx.text("secret"));
  assertEquals(await listening.ask("/sync"), "404 sync");
  assertEquals(await listening.ask("/async"), "409 async");
  assertEquals(await listening.ask("/guarded"), "401 Unauthorized");
  assertEquals(await listening.ask("/guarded", { method: "HEAD" }), "401");
  assertEquals(faults, []);
});

Deno.test("HttpError is reported from 500 on", async () => {
  await using listening = new Listening();
  const error = new HttpError(503, "later", {
    headers: { "retry-after": "1" },
  });
  listening.router.get("/", () => {
    throw error;
  });
  const response = await listening.fetch("/");
  assertEquals(response.status, 503);
  assertEquals(response.headers.get("retry-after"), "1");
  assertEquals(await response.text(), "later");
  assertEquals(listening.faults, [error]);
});

Deno.test("HttpError is reported if its body cannot be sent", async () => {
  await using listening = new Listening();
  listening.router.get("/", () => {
    throw new HttpError(400, "no", { body: 1n });
  });
  assertEquals(await listening.ask("/"), "500 Internal Server Error");
  assertEquals(listening.faults.length, 1);
});

Deno.test("HttpError of a handler that comes too late is not reported", async () => {
  await using listening = new Listening();
  const thrown = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  listening.router.use((ctx, next) => {
    next().catch(() => thrown.resolve());
    return ctx.text("already");
  });
  listening.router.get("/", async () => {
    await answered.promise;
    throw new HttpError(404);
  });
  assertEquals(await listening.ask("/"), "200 already");
  answered.resolve();
  await thrown.promise;
  assertEquals(listening.faults, []);
});

Deno.test("An EventError of a plain handler is not meant for HTTP clients", async () => {
  await using listening = new Listening();
  const error = new EventError("for the other side");
  listening.router.get("/", () => {
    throw error;
  });
  assertEquals(await listening.ask("/"), "500 Internal Server Error");
  assertEquals(listening.faults, [error]);
});

const PROBLEM = "application/problem+json";

Deno.test("HttpError.problem has the members of RFC 9457", () => {
  assertEquals(new HttpError(404).problem, {
    type: "about:blank",
    title: "Not Found",
    status: 404,
  });
  const error = new HttpError(403, "Your balance is 30, and that costs 50", {
    type: "https://example.com/probs/out-of-credit",
    title: "You do not have enough credit",
    instance: "/account/12345/msgs/abc",
    extensions: { balance: 30, accounts: ["/account/12345"] },
    cause: new Error("secret"),
  });
  assertEquals(error.problem, {
    type: "https://example.com/probs/out-of-credit",
    title: "You do not have enough credit",
    status: 403,
    detail: "Your balance is 30, and that costs 50",
    instance: "/account/12345/msgs/abc",
    balance: 30,
    accounts: ["/account/12345"],
  });
  for (const name of ["type", "title", "status", "detail", "instance"]) {
    assertThrows(
      () => new HttpError(400, "", { extensions: { [name]: 1 } }),
      TypeError,
      `the extension "${name}"`,
    );
  }
});

Deno.test("An error is problem details for clients that ask for JSON, and text for others", async () => {
  await using listening = new Listening();
  listening.router.get("/", () => {
    throw new HttpError(409, "taken <b>", { extensions: { by: "Ann" } });
  });
  const formatOf = async (accept: string | undefined, init?: RequestInit) => {
    const headers = new Headers(init?.headers);
    if (accept !== undefined) headers.set("accept", accept);
    const response = await listening.fetch("/", { ...init, headers });
    assertEquals(response.status, 409, accept);
    assertEquals(response.headers.get("vary"), "accept");
    assertEquals(response.headers.get("x-content-type-options"), "nosniff");
    const type = response.headers.get("content-type");
    if (type === PROBLEM) {
      assertEquals(await response.json(), {
        type: "about:blank",
        title: "Conflict",
        status: 409,
        detail: "taken <b>",
        by: "Ann",
      });
      return "problem";
    }
    assertEquals(type, "text/plain; charset=UTF-8");
    assertEquals(await response.text(), "taken <b>");
    return "text";
  };
  const problem = [
    "application/json",
    "Application/JSON; charset=utf-8",
    "application/problem+json",
    "application/*",
    "text/plain;q=0.5, application/json",
    "text/html;q=0.1, application/problem+json;q=0.2",
    "text/html, application/json, */*;q=0.1",
    "text/*, application/json",
    // axios, Angular
    "application/json, text/plain, */*",
    "application/problem+json, text/*, */*",
  ];
  for (const accept of problem) {
    assertEquals(await formatOf(accept), "problem", accept);
  }
  const text = [
    undefined,
    "*/*",
    "text/plain",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "application/json;q=0, */*",
    "application/json;q=0.2, text/plain;q=0.3",
    "image/png",
    "application/jsonp",
    "text/plain, application/json, */*",
    "application/json;q=0.9, text/plain, */*",
    ";;;,=,\xff",
    ", ,",
  ];
  for (const accept of text) {
    assertEquals(await formatOf(accept), "text", accept);
  }
  listening.router.post("/", () => {
    throw new HttpError(409, "taken <b>", { extensions: { by: "Ann" } });
  });
  const json = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  };
  // A client that sends JSON and takes anything.
  assertEquals(await formatOf(undefined, json), "problem");
  assertEquals(await formatOf("text/html, */*", json), "problem");
  assertEquals(await formatOf("text/plain", json), "text");
  assertEquals(await formatOf("text/html", json), "text");
  const form = { method: "POST", body: new URLSearchParams({ a: "1" }) };
  assertEquals(await formatOf(undefined, form), "text");
});

Deno.test("The router's own errors have the client's format as well", async () => {
  await using listening = new Listening();
  const { router, faults } = listening;
  class Controller {
    static readonly routes = {
      post: { body: withString("name"), maxBody: 50 },
    } as const;
    post() {}
  }
  listening.app.handle(Controller);
  router.get("/fault", () => {
    throw new Error("secret");
  });
  router.get("/thrown/:id", () => {
    throw new HttpError(503, undefined, { cause: "secret" });
  });
  const server = new Server(denoUpgrader(), { chat: { onHi() {} } });
  router.get("/ws", websocketHandler(server));
  await server.close();
  const json = { "content-type": "application/json" };
  const requests: [string, RequestInit, number][] = [
    ["/nowhere", {}, 404],
    ["/fault", { method: "PUT" }, 405],
    ["/thrown/%ff", {}, 400],
    ["/fault", {}, 500],
    ["/thrown/1", {}, 503],
    ["/", { method: "POST", body: "{}", headers: json }, 400],
    ["/", { method: "POST", body: "{", headers: json }, 400],
    ["/", { method: "POST", body: " ".repeat(51), headers: json }, 413],
    ["/", { method: "POST", body: "{}" }, 415],
    ["/ws", {}, 503],
  ];
  for (const [path, init, status] of requests) {
    const headers = new Headers(init.headers);
    headers.set("accept", "text/plain");
    const asText = await listening.fetch(path, { ...init, headers });
    const text = await asText.text();
    headers.set("accept", "application/json");
    const response = await listening.fetch(path, { ...init, headers });
    assertEquals([path, response.status], [path, status]);
    assertEquals(response.headers.get("content-type"), PROBLEM, path);
    assertEquals(response.headers.get("vary"), "accept");
    const problem = await response.json();
    assertEquals([problem.status, problem.type], [status, "about:blank"]);
    assertEquals(problem.detail ?? problem.title, text, path);
    assertNotMatch(JSON.stringify(problem), /secret/);
  }
  const notAllowed = await listening.fetch("/fault", {
    method: "PUT",
    headers: { accept: PROBLEM },
  });
  assertEquals(notAllowed.headers.get("allow"), "GET, HEAD");
  await notAllowed.body?.cancel();
  const refused = await listening.fetch("/ws", {
    headers: { accept: PROBLEM },
  });
  assertEquals(refused.headers.get("retry-after"), "1");
  await refused.body?.cancel();
  assertEquals(faults.length, 4);
});

Deno.test("The answer to HEAD has the headers of problem details, and no body", async () => {
  await using listening = new Listening();
  const response = await listening.fetch("/nowhere", {
    method: "HEAD",
    headers: { accept: "application/json" },
  });
  assertEquals(response.status, 404);
  assertEquals(response.headers.get("content-type"), PROBLEM);
  assertEquals(await response.text(), "");
});

Deno.test("An error with a body or a content type of its own is not negotiated", async () => {
  await using listening = new Listening();
  listening.router.get("/body", () => {
    throw new HttpError(404, "no", { body: { none: true } });
  });
  listening.router.get("/type", () => {
    throw new HttpError(404, "<h1>No</h1>", {
      headers: { "content-type": "text/html", "vary": "cookie" },
    });
  });
  for (const accept of ["*/*", PROBLEM, "text/plain"]) {
    const init = { headers: { accept } };
    assertEquals(await listening.ask("/body", init), '404 {"none":true}');
    const response = await listening.fetch("/type", init);
    assertEquals(response.headers.get("content-type"), "text/html");
    assertEquals(response.headers.get("vary"), "cookie");
    assertEquals(await response.text(), "<h1>No</h1>");
  }
});

Deno.test("Vary keeps what a program has put into it", async () => {
  const response = new HttpError(404, "no", { headers: { vary: "cookie" } })
    .toResponse();
  assertEquals(response.headers.get("vary"), "cookie, accept");
  await response.body?.cancel();
});

Deno.test("An error is answered where @std/http cannot be loaded", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const program = `
      import { Router } from ${
      JSON.stringify(new URL("../mod.ts", import.meta.url))
    };
      const headers = { accept: "application/json" };
      const request = new Request("http://host/", { headers });
      const response = await new Router().handler(request, {} as never);
      console.log(response.status, await response.text());
    `;
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--quiet", "--ext=ts", program],
      env: { JSR_URL: "http://127.0.0.1:1/", DENO_DIR: folder },
    }).output();
    const [out, errors] = [stdout, stderr].map((data) =>
      new TextDecoder().decode(data).trim()
    );
    assertEquals({ out, errors }, { out: "404 Not Found", errors: "" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
