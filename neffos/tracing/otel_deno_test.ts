/** Runs the program of OBSERVABILITY.md with Deno's own tracer, and collects what Deno exports. */

import { assert, assertEquals } from "@std/assert";

const GUIDE = new URL("../../mvc/OBSERVABILITY.md", import.meta.url);

/** A span in OTLP's JSON, as far as it is read here. */
interface ExportedSpan {
  readonly name: string;
  readonly kind: number;
  readonly spanId: string;
  readonly traceId: string;
  readonly parentSpanId?: string;
}

interface ExportRequest {
  readonly resourceSpans: {
    readonly scopeSpans: {
      readonly scope: { readonly name: string };
      readonly spans: ExportedSpan[];
    }[];
  }[];
}

/** The kinds of OTLP, which counts from 1. */
const KINDS = ["", "internal", "server", "client", "producer", "consumer"];

Deno.test("Deno exports the spans of the program in OBSERVABILITY.md", async () => {
  const spans: ExportedSpan[] = [];
  const collector = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => {
      const { pathname } = new URL(request.url);
      const text = await request.text();
      if (pathname === "/v1/traces") {
        const { resourceSpans }: ExportRequest = JSON.parse(text);
        const scopes = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans);
        const ours = scopes.filter(({ scope }) => scope.name === "chat");
        spans.push(...ours.flatMap((scope) => scope.spans));
      }
      return Response.json({});
    },
  );
  const { stderr, success } = await runGuide({
    OTEL_DENO: "true",
    OTEL_DENO_CONSOLE: "ignore",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.addr.port}`,
  });
  // Deno has exported all when it ends.
  await collector.shutdown();
  assert(success, stderr);
  assertEquals(
    spans.map((span) => describe(spans, span)).sort(),
    [
      "client chat/_OnNamespaceConnect",
      "client chat/onSay",
      "consumer process chat/onSaid < producer send chat/onSaid < server chat/onSay < client chat/onSay",
      "producer send chat/onSaid < server chat/onSay < client chat/onSay",
      "server chat/_OnNamespaceConnect",
      "server chat/onSay < client chat/onSay",
    ],
  );
});

async function runGuide(
  env: Record<string, string>,
): Promise<{ stderr: string; success: boolean }> {
  const text = await Deno.readTextFile(GUIDE);
  const [, program] = /^```ts ignore\n(import \* as api.*?)^```$/ms.exec(text)!;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "-"],
    cwd: new URL("../../", import.meta.url),
    env,
    stdin: "piped",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(program));
  await writer.close();
  const { stderr, success } = await child.output();
  return { stderr: new TextDecoder().decode(stderr), success };
}

/** Names a span and those that it is in. */
function describe(
  spans: readonly ExportedSpan[],
  { name, kind, parentSpanId, traceId }: ExportedSpan,
): string {
  const own = `${KINDS[kind]} ${name}`;
  const parent = spans.find(({ spanId }) => spanId === parentSpanId);
  if (parent === undefined) return own;
  assertEquals(parent.traceId, traceId);
  return `${own} < ${describe(spans, parent)}`;
}
