import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { EventError } from "../../neffos/mod.ts";
import { Listening } from "../harness/mod.ts";
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
