import { assert, assertEquals, assertThrows } from "@std/assert";
import { Crossings } from "../connection/limits.ts";
import { handshake } from "../harness/mod.ts";
import { UpgradeError } from "../protocol/errors.ts";
import type { UpgradeRequest } from "../transport/upgrader.ts";
import { addressOf } from "./address.ts";
import { Admission, type AdmissionOptions } from "./admission.ts";

function from(hostname: string, forwarded?: string): UpgradeRequest {
  const request = handshake(
    forwarded === undefined ? {} : { "x-forwarded-for": forwarded },
  );
  const { headers, url } = request;
  const remoteAddr = { transport: "tcp", hostname, port: 1 } as const;
  return { request, headers, url: new URL(url), remoteAddr };
}

Deno.test("addressOf() counts IPv6 by its network, and IPv4 in IPv6 as IPv4", () => {
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
    assertEquals(addressOf(from(hostname), 0), expected, hostname);
  }
  const unix = { transport: "unix", path: "/run/socket" } as const;
  assertEquals(addressOf({ ...from(""), remoteAddr: unix }, 0), "");
  assertEquals(addressOf({ ...from(""), remoteAddr: undefined }, 0), "");
});

Deno.test("addressOf() believes our own proxies, and no client", () => {
  const request = from("10.0.0.1", "203.0.113.9, 198.51.100.7,192.0.2.1 ");
  assertEquals(addressOf(request, 0), "10.0.0.1");
  assertEquals(addressOf(request, 1), "192.0.2.1");
  assertEquals(addressOf(request, 2), "198.51.100.7");
  assertEquals(addressOf(request, 9), "203.0.113.9");
  assertEquals(addressOf(from("10.0.0.1"), 1), "10.0.0.1");
  assertEquals(addressOf(from("10.0.0.1", "192.0.2.1, unknown"), 1), "");
});

function refusalOf(run: () => unknown): UpgradeError {
  return assertThrows(run, UpgradeError);
}

Deno.test("Admission gives as many places as there are, and takes them back once", () => {
  const crossings = new Crossings();
  const options: AdmissionOptions = {
    maxConnections: 3,
    maxConnectionsPerAddress: 2,
  };
  const admission = new Admission(options, crossings);
  const first = admission.admit(from("192.0.2.1"));
  const second = admission.admit(from("::ffff:192.0.2.1"));
  const third = refusalOf(() => admission.admit(from("192.0.2.1")));
  assertEquals(third.status, 429);
  const other = admission.admit(from("2001:db8::1"));
  const { status, headers } = refusalOf(() =>
    admission.admit(from("192.0.2.3"))
  );
  assertEquals(status, 503);
  const seconds = Number(headers["retry-after"]);
  assert(Number.isInteger(seconds) && seconds >= 1 && seconds <= 10);
  assertEquals([admission.size, admission.addresses], [3, 2]);
  first.leave();
  first.leave();
  assertEquals([admission.size, admission.addresses], [2, 2]);
  second.open();
  second.giveUp();
  assertEquals(admission.size, 2);
  second.leave();
  other.giveUp();
  assertEquals([admission.size, admission.addresses], [0, 0]);
  assertEquals([...crossings.counts], [
    ["maxConnectionsPerAddress", 1],
    ["maxConnections", 1],
  ]);
});

Deno.test("Admission does not send everybody away for the same time", () => {
  const admission = new Admission({ maxConnections: 1 }, new Crossings());
  admission.admit(from("192.0.2.1"));
  const waits = new Set<string>();
  for (let n = 0; n < 1000; n++) {
    const { headers } = refusalOf(() => admission.admit(from("192.0.2.1")));
    waits.add(headers["retry-after"]!);
  }
  const expected = Array.from({ length: 10 }, (_, n) => `${n + 1}`);
  assertEquals([...waits].toSorted(), expected.toSorted());
});
