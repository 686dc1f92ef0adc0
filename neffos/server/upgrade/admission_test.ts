import { assert, assertEquals, assertThrows } from "@std/assert";
import { Crossings } from "../../connection/limits.ts";
import { handshake } from "../../harness/mod.ts";
import { UpgradeError } from "../../protocol/upgrade_error.ts";
import type { UpgradeRequest } from "../../transport/upgrade_request.ts";
import { hasValidHost, resolveAddress } from "./address.ts";
import { ConnectionLimiter } from "./admission.ts";

function from(hostname: string, forwarded?: string): UpgradeRequest {
  const request = handshake(
    forwarded === undefined ? {} : { "x-forwarded-for": forwarded },
  );
  const { headers, url } = request;
  const remoteAddr = { transport: "tcp", hostname, port: 1 } as const;
  return { request, headers, url: new URL(url), remoteAddr };
}

Deno.test("resolveAddress() counts IPv6 by its network, and IPv4 in IPv6 as IPv4", () => {
  const addresses = {
    "192.0.2.1": "192.0.2.1",
    "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
    "2001:DB8:1:2::": "2001:db8:1:2::/64",
    "2001:db8::1": "2001:db8:0:0::/64",
    "::1": "0:0:0:0::/64",
    "::": "0:0:0:0::/64",
    "fe80::1%eth0": "fe80:0:0:0::/64",
    "::ffff:192.0.2.1": "192.0.2.1",
    "::ffff:c000:201": "192.0.2.1",
    "0:0:0:0:0:ffff:c000:201": "192.0.2.1",
    "1::ffff:192.0.2.1": "1:0:0:0::/64",
    "192.0.2.1:8080": "192.0.2.1",
    "[2001:db8::1]:8080": "2001:db8:0:0::/64",
    "[2001:db8::1]": "2001:db8:0:0::/64",
    "unknown": "",
    "_hidden": "",
    "": "",
    "::1]/x[": "",
    "1:2:3": "",
  };
  for (const [hostname, expected] of Object.entries(addresses)) {
    assertEquals(resolveAddress(from(hostname), 0), expected, hostname);
  }
  const unix = { transport: "unix", path: "/run/socket" } as const;
  assertEquals(resolveAddress({ ...from(""), remoteAddr: unix }, 0), "");
  assertEquals(resolveAddress({ ...from(""), remoteAddr: undefined }, 0), "");
});

Deno.test("resolveAddress() reads the entries of trusted proxies only", () => {
  const request = from("10.0.0.1", "203.0.113.9, 198.51.100.7,192.0.2.1 ");
  assertEquals(resolveAddress(request, 0), "10.0.0.1");
  assertEquals(resolveAddress(request, 1), "192.0.2.1");
  assertEquals(resolveAddress(request, 2), "198.51.100.7");
  assertEquals(resolveAddress(request, 9), "203.0.113.9");
  assertEquals(resolveAddress(from("10.0.0.1"), 1), "10.0.0.1");
  assertEquals(resolveAddress(from("10.0.0.1", "192.0.2.1, unknown"), 1), "");
});

function getRefusal(run: () => unknown): UpgradeError {
  return assertThrows(run, UpgradeError);
}

Deno.test("ConnectionLimiter hands out its slots, and takes each back once", () => {
  const crossings = new Crossings();
  const limiter = new ConnectionLimiter({
    maxConnections: 3,
    maxConnectionsPerAddress: 2,
    hops: 0,
    crossings,
  });
  const first = limiter.acquire(from("192.0.2.1"));
  const second = limiter.acquire(from("::ffff:192.0.2.1"));
  const third = getRefusal(() => limiter.acquire(from("192.0.2.1")));
  assertEquals(third.status, 429);
  const other = limiter.acquire(from("2001:db8::1"));
  const { status, headers } = getRefusal(() =>
    limiter.acquire(from("192.0.2.3"))
  );
  assertEquals(status, 503);
  const seconds = Number(headers["retry-after"]);
  assert(Number.isInteger(seconds) && seconds >= 1 && seconds <= 10);
  assertEquals([limiter.size, limiter.addresses], [3, 2]);
  first.release();
  first.release();
  assertEquals([limiter.size, limiter.addresses], [2, 2]);
  second.open();
  second.giveUp();
  assertEquals(limiter.size, 2);
  second.release();
  other.giveUp();
  assertEquals([limiter.size, limiter.addresses], [0, 0]);
  assertEquals([...crossings.counts], [
    ["maxConnectionsPerAddress", 1],
    ["maxConnections", 1],
  ]);
});

Deno.test("ConnectionLimiter refuses clients for random times", () => {
  const limiter = new ConnectionLimiter({
    maxConnections: 1,
    hops: 0,
    crossings: new Crossings(),
  });
  limiter.acquire(from("192.0.2.1"));
  const waits = new Set<string>();
  for (let n = 0; n < 1000; n++) {
    const { headers } = getRefusal(() => limiter.acquire(from("192.0.2.1")));
    waits.add(headers["retry-after"]!);
  }
  const expected = Array.from({ length: 10 }, (_, n) => `${n + 1}`);
  assertEquals([...waits].toSorted(), expected.toSorted());
});

Deno.test("hasValidHost() takes the URL of a unix socket, whose host is a path", () => {
  const ask = (url: string, host?: string) =>
    hasValidHost(
      {
        url,
        headers: new Headers(host === undefined ? {} : { host }),
      } as Request,
    );
  assertEquals(ask("http+unix://%2Ftmp%2Fserver.sock/a?b"), true);
  assertEquals(ask("http+unix://%2Ftmp%2Fserver.sock/a", "x"), true);
  assertEquals(ask("http+unix://%2Ftmp%2Fserver.sock/a", "x/admin?"), false);
  assertEquals(ask("http://%2Ftmp%2Fserver.sock/a"), false);
  // A target that is a whole URL, with a host of its own.
  assertEquals(ask("http://a.example/b", "other.example"), true);
  assertEquals(ask("http://a b/", "other.example"), false);
});
