import { type Arena, type Attack, expect } from "../arena.ts";
import { ADMIN, WILDCARDS } from "../victim_web.ts";

/** Hosts that try to be a part of the path, or are none. */
const HOSTS = [
  "x/admin?",
  "x/admin#",
  "x/admin\\",
  "x\\admin?",
  "x/web/admin?",
  "x/web/admin/?",
  "x/web/admin?a=",
  "/admin?",
  "//admin?",
  "?/admin",
  "#/admin",
  "x:80/admin?",
  "x@y/admin?",
  "[::1]/admin?",
  "x%2fadmin%3f",
  "x/ws?",
  "x y",
  "x,y",
  "x:y",
  "x:99999",
  "x:-1",
  "[::1",
  "::1",
  "[x]",
  "1.2.3.4.5",
  "a..b",
  "x<y>",
  "x|y",
  "x^y",
  'x"y',
  "x`y",
  "user:word@x",
  "xn--a",
  "\u00e9",
  "%00",
  "a".repeat(20_000),
] as const;

/** The longest that a request may take, in milliseconds. */
const LONGEST = 1_000;

/** Paths that such patterns can split in many ways, of about the given length. */
function makePaths(length: number): string[] {
  const fill = (part: string) => part.repeat(length / part.length);
  return [
    fill("/a"),
    fill("/x"),
    fill("/a/x/"),
    fill("/"),
    fill("/x/a"),
    `${fill("/x")}/en`,
    `/${fill("%2f")}`,
    `/${fill("a.")}`,
  ];
}

async function get(
  arena: Arena,
  target: string,
  host = "a",
): Promise<{ status: number; body: string }> {
  return await arena.request(
    `GET ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`,
  );
}

/** What a request is for. */
export const TARGETS: readonly Attack[] = [
  {
    name: "a Host header that is a path",
    faults: "80, 81",
    limit: "what Deno takes for a Host is its own matter",
    async run(arena) {
      expect((await get(arena, "/admin")).body, ADMIN, "the secret");
      const seen = new Map<number, number>();
      for (const host of HOSTS) {
        const shown = JSON.stringify(host.slice(0, 40));
        for (const target of ["/web/public", "/hello", "/", "/?q", "/none"]) {
          const { status, body } = await get(arena, target, host);
          const isRight = !body.includes(ADMIN) && status < 500;
          expect(isRight, true, `${target} for ${shown}: ${status} ${body}`);
          seen.set(status, (seen.get(status) ?? 0) + 1);
        }
        for (const path of ["/ws", "/native", "/upgrade", "/hello"]) {
          const status = await arena.tryUpgrade(path, { host });
          const isRight = path === "/hello" ? status !== 101 : true;
          expect(
            status < 500 && isRight,
            true,
            `the upgrade of ${path} for ${shown}: ${status}`,
          );
          seen.set(status, (seen.get(status) ?? 0) + 1);
        }
      }
      return Array.from(seen, ([status, count]) => `${count} × ${status}`)
        .sort().join(", ");
    },
  },
  {
    name: "long paths for patterns with groups that compete",
    faults: "86",
    async run(arena) {
      const paths = [2_000, 7_500, 30_000, 120_000].flatMap(makePaths);
      let longest = 0;
      const statuses = new Set<number>();
      for (const i of WILDCARDS.keys()) {
        for (const path of paths) {
          const start = performance.now();
          const { status } = await get(arena, `/web/wild${i}${path}`);
          const ms = performance.now() - start;
          longest = Math.max(longest, ms);
          const shown = `${WILDCARDS[i]} took ${ms.toFixed()} ms`;
          expect(ms < LONGEST, true, `${path.slice(0, 20)}… for ${shown}`);
          expect(status >= 400 && status < 500, true, `${shown}: ${status}`);
          statuses.add(status);
        }
      }
      return `${[...statuses].sort().join(", ")} in ${longest.toFixed()} ms`;
    },
  },
];
