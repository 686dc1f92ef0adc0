import { assertEquals, assertThrows } from "@std/assert";
import { toParameterHeaders } from "../../client/dial.ts";
import { UpgradeError } from "../../protocol/upgrade_error.ts";
import { ParameterHeaders, takeHeaders } from "./handshake.ts";

const PREFIX = "X-Websocket-Header-";

/** Sends headers as URL parameters, and returns those that were taken. */
function take(
  names: string[],
  { own = {}, listed }: { own?: HeadersInit; listed?: readonly string[] } = {},
): string[] {
  const url = new URL("http://x/");
  for (const name of names) url.searchParams.append(PREFIX + name, "forged");
  const headers = new Headers(own);
  withWarnings(() => new ParameterHeaders(listed).addTo(headers, url));
  return [...headers].filter(([, value]) => value === "forged")
    .map(([name]) => name);
}

/** Replaces console.warn while a function runs, and returns its lines. */
function withWarnings(run: () => void): string[] {
  const lines: string[] = [];
  const original = console.warn;
  console.warn = (...args) => void lines.push(args.join(" "));
  try {
    run();
  } finally {
    console.warn = original;
  }
  return lines;
}

/** Headers that no program may let a client send. */
const FORBIDDEN = [
  "Accept-Encoding",
  "Access-Control-Request-Method",
  "CF-Connecting-IP",
  "Client-IP",
  "Connection",
  "Content-Length",
  "Cookie",
  "Forwarded",
  "Host",
  "Origin",
  "Proxy-Authorization",
  "Referer",
  "Sec-Fetch-Site",
  "Sec-WebSocket-Key",
  "Set-Cookie",
  "Transfer-Encoding",
  "True-Client-IP",
  "Upgrade",
  "Via",
  "X-Client-IP",
  "X-Forwarded-For",
  "X-Forwarded-Host",
  "X-Original-URL",
  "X-Real-IP",
  "X-Rewrite-URL",
];

/** Headers by which proxies say who a client is. */
const IDENTITIES = [
  "Remote-User",
  "SSL-Client-Verify",
  "Tailscale-User-Login",
  "X-Amzn-Oidc-Identity",
  "X-Auth-Request-User",
  "X-Authenticated-User",
  "X-Consumer-Username",
  "X-Client-Cert",
  "X-Credential-Identifier",
  "X-Goog-Authenticated-User-Email",
  "X-JWT-Assertion",
  "X-Ms-Client-Principal",
  "X-Remote-User",
  "X-SSL-Client-Verify",
  "X-Token-Subject",
  "X-WebAuth-User",
];

Deno.test("ParameterHeaders takes Authorization and X-Websocket-… by default, nothing else", () => {
  const taken = ["Authorization", "X-Websocket-Reconnect", "X-WEBSOCKET-Room"];
  const odd = ["X_Forwarded_For", "X-Websocket_Room", "not a name", "", "é"];
  const others = [...FORBIDDEN, ...IDENTITIES, ...odd, "X-Auth-Token"];
  const names = taken.map((name) => name.toLowerCase()).toSorted();
  assertEquals(take([...taken, ...others]), names);
  const upper = others.map((name) => name.toUpperCase());
  assertEquals(take([...taken, ...upper]), names);
});

Deno.test("ParameterHeaders takes what a program lists, in any case, and prefixes", () => {
  const listed = ["x-auth-TOKEN", "X-App-*", "authorization"];
  assertEquals(
    take(
      [
        "X-Auth-Token",
        "X-APP-a",
        "x-app-",
        "X-App",
        "X-Auth-Tokens",
        "X-Other",
      ],
      { listed },
    ),
    ["x-app-", "x-app-a", "x-auth-token"],
  );
  assertEquals(take(["Authorization", "X-Websocket-Room"], { listed }), [
    "authorization",
  ]);
  assertEquals(take(["Authorization", "X-Websocket-Room"], { listed: [] }), []);
  // The client's own count of its tries is part of the protocol.
  assertEquals(take(["X-Websocket-Reconnect"], { listed: [] }), [
    "x-websocket-reconnect",
  ]);
});

Deno.test("ParameterHeaders takes no forbidden header through a prefix", () => {
  const listed = [..."abcdefghijklmnopqrstuvwxyz"].map((char) => `${char}*`);
  assertEquals(take(FORBIDDEN, { listed }), []);
  assertEquals(take(["X_User", "x-user"], { listed }), ["x-user"]);
});

Deno.test("ParameterHeaders keeps the headers that are there, and takes the first of two", () => {
  const own = { authorization: "Bearer x", "x-websocket-name": "" };
  assertEquals(
    take(["Authorization", "X-Websocket-Name", "x-websocket-b"], { own }),
    ["x-websocket-b"],
  );
  const url = new URL("http://x/?a=b");
  url.searchParams.append(`${PREFIX}Authorization`, "first");
  url.searchParams.append(`${PREFIX}authorization`, "second");
  const headers = new Headers();
  new ParameterHeaders().addTo(headers, url);
  assertEquals([...headers], [["authorization", "first"]]);
});

Deno.test("ParameterHeaders warns once of each name that it does not take, up to 100", () => {
  const parameters = new ParameterHeaders();
  const add = (name: string, value = "x") => {
    const url = new URL("http://x/");
    url.searchParams.append(PREFIX + name, value);
    const headers = new Headers();
    parameters.addTo(headers, url);
    assertEquals([...headers], []);
  };
  const lines = withWarnings(() => {
    add("X-Consumer-Username");
    add("x-consumer-USERNAME");
    add("x-\x1b[2J\n\u202e");
    add(`x-${"y".repeat(5_000)}`);
    add("Authorization", "a\r\nb: c");
    add("Authorization", "é\u20ac");
    for (let i = 0; i < 200; i++) add(`x-${i}`);
  });
  assertEquals(lines.length, 100);
  assertEquals(lines.slice(0, 3), [
    'Cannot take header "x-consumer-username" from a URL parameter: the option "parameterHeaders" does not list it',
    'Cannot take header "x-\\u001b[2j\\n\\u202e" from a URL parameter: the option "parameterHeaders" does not list it',
    `Cannot take header "x-${
      "y".repeat(126)
    }… (5002)" from a URL parameter: the option "parameterHeaders" does not list it`,
  ]);
  assertEquals(
    lines[3],
    'Cannot take header "authorization" from a URL parameter: its value is not one of a header',
  );
});

Deno.test("ParameterHeaders refuses a list that it cannot follow", () => {
  const bad: unknown[] = [
    ...FORBIDDEN,
    "X-Forwarded-*",
    "Sec-*",
    "*",
    "",
    "a b",
    "X_User",
    "X-*-Name",
    "X-Name:",
    1,
    null,
  ];
  for (const name of bad) {
    assertThrows(
      () => new ParameterHeaders([name as string]),
      TypeError,
      `Cannot allow ${JSON.stringify(name)} in "parameterHeaders": `,
    );
  }
  for (const list of ["Authorization", true, false, {}, null]) {
    assertThrows(
      () => new ParameterHeaders(list as unknown as string[]),
      TypeError,
      `Cannot set "parameterHeaders" to ${JSON.stringify(list)}: `,
    );
  }
});

Deno.test("toParameterHeaders() writes what ParameterHeaders reads", () => {
  const url = new URL("ws://x/?a=b");
  const headers = new Headers({
    "x-name": "ü;=&?#",
    authorization: "Bearer x",
  });
  toParameterHeaders(headers, url);
  const read = new Headers();
  new ParameterHeaders(["Authorization", "X-Name"])
    .addTo(read, new URL(url.href));
  assertEquals([...read], [...headers]);
});

Deno.test("takeHeaders() returns headers that stay readable after the upgrade", async () => {
  const taken = Promise.withResolvers<Headers>();
  const closed = Promise.withResolvers<void>();
  const options = { port: 0, hostname: "127.0.0.1", onListen() {} };
  await using server = Deno.serve(options, (request) => {
    const headers = takeHeaders(request);
    const { socket, response } = Deno.upgradeWebSocket(request);
    socket.onopen = () => {
      taken.resolve(headers);
      socket.close();
    };
    socket.onclose = () => closed.resolve();
    return response;
  });
  const url = `ws://127.0.0.1:${server.addr.port}/`;
  const ws = new WebSocket(url, "chat");
  const headers = await taken.promise;
  assertEquals(headers.get("sec-websocket-protocol"), "chat");
  assertEquals(headers.get("upgrade"), "websocket");
  await closed.promise;
  ws.close();
});

Deno.test("takeHeaders() returns a copy if parameters may be added", () => {
  const init = { headers: { a: "1" } };
  const plain = new Request("http://localhost/", init);
  assertEquals(takeHeaders(plain) === plain.headers, true);
  const other = new Request("http://localhost/?b=2", init);
  const headers = takeHeaders(other);
  headers.set("b", "2");
  assertEquals([...headers], [["a", "1"], ["b", "2"]]);
  assertEquals(other.headers.has("b"), false);
});

Deno.test("ParameterHeaders refuses more than 64 headers", () => {
  const names = Array.from({ length: 64 }, (_, i) => `x-websocket-${i}`);
  assertEquals(take(names).length, 64);
  const error = assertThrows(
    () => take([...names, "x-64"]),
    UpgradeError,
    "more than 64 headers",
  );
  assertEquals(error.status, 431);
});
