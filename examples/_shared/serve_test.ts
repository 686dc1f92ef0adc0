import { assert, assertEquals } from "@std/assert";
import { runExample } from "./example.ts";

const MAIN = new URL("../chat/main.ts", import.meta.url);

Deno.test("serveExample() says in a line that a port is in use", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  assertEquals(await runExample(MAIN, { args: [`--port=${port}`] }), {
    code: 1,
    out: "",
    errors:
      `Cannot listen on port ${port}: it is in use; set PORT to another\n`,
  });
});

Deno.test("serveExample() shows its flags where it does not know one", async () => {
  for (const flag of ["--ports=1", "--port=x", "--port=70000", "more"]) {
    assertEquals(await runExample(MAIN, { args: [flag] }), {
      code: 1,
      out: "",
      errors: "Usage: main.ts [--port=8080] [--host=127.0.0.1] [--explain]\n",
    });
  }
});

const EXPLAINED = {
  auth: "members  at /websocket_endpoint  by MembersController",
  chat: "chat  at /websocket_endpoint  by ChatController",
  cluster: "cluster  at /websocket_endpoint  by ClusterController",
  "online-visitors": "visitors  at /websocket_endpoint  by VisitorController",
  hello: "hello  at /websocket_endpoint  by HelloController",
};

for (const [name, line] of Object.entries(EXPLAINED)) {
  Deno.test(`The example ${name} explains itself, and ends`, async () => {
    const main = new URL(`../${name}/main.ts`, import.meta.url);
    const folder = await Deno.makeTempDir();
    const env = { AUTH_FILE: `${folder}/sessions.json` };
    const options = { args: ["--explain"], env };
    const { code, out, errors } = await runExample(main, options);
    await Deno.remove(folder, { recursive: true });
    assertEquals([code, errors], [0, ""]);
    assert(out.includes(line), out);
  });
}
