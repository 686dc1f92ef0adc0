import { assertEquals } from "@std/assert";

const MAIN = new URL("../chat/main.ts", import.meta.url);

async function run(
  ...args: string[]
): Promise<{ code: number; out: string; errors: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", MAIN.href, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const [out = "", errors = ""] = [stdout, stderr]
    .map((data) => new TextDecoder().decode(data));
  return { code, out, errors };
}

Deno.test("serveExample() says in a line that a port is in use", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  assertEquals(await run(`--port=${port}`), {
    code: 1,
    out: "",
    errors:
      `Cannot listen on port ${port}: it is in use; set PORT to another\n`,
  });
});

Deno.test("serveExample() shows its flags where it does not know one", async () => {
  for (const flag of ["--ports=1", "--port=x", "--port=70000", "more"]) {
    assertEquals(await run(flag), {
      code: 1,
      out: "",
      errors: "Usage: main.ts [--port=8080] [--host=127.0.0.1]\n",
    });
  }
});
