import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { type CloseInfo, denoUpgrader, dial, Server } from "../neffos/mod.ts";

const GUIDE = await Deno.readTextFile(
  new URL("DEPLOYMENT.md", import.meta.url),
);
const [PROGRAM, ...BLOCKS] = readBlocks(GUIDE);
const PAGE = "<!doctype html><title>Chat</title>";

/** Reads the blocks of code, without their fences. */
function readBlocks(text: string): string[] {
  return [...text.matchAll(/^```\w+[^\n]*\n(.*?)^```$/gms)]
    .map(([, code]) => code!);
}

/** Finds the only block that a pattern matches. */
function findBlock(pattern: RegExp): string {
  const found = BLOCKS.filter((block) => pattern.test(block));
  assertEquals(found.length, 1, pattern.source);
  return found[0]!;
}

/** Takes any free port for each that a text names. */
function freePorts(text: string): string {
  return text.replaceAll(/\b(8080|9090)\b/g, "0");
}

/** A folder with the program of the guide, and the page that it serves. */
class Site implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(program: string): Promise<Site> {
    const folder = await Deno.realPath(await Deno.makeTempDir());
    const site = new Site(folder);
    const mod = new URL("../mod.ts", import.meta.url).href;
    const imports = { "@neffos/mvc": mod, "@std/http": "jsr:@std/http@^1" };
    await site.write("deno.json", JSON.stringify({ imports, lock: false }));
    await site.write("main.ts", program);
    await Deno.mkdir(join(folder, "public"));
    await site.write("public/index.html", PAGE);
    return site;
  }

  async write(name: string, text: string): Promise<string> {
    const path = join(this.folder, name);
    await Deno.writeTextFile(path, text);
    return path;
  }

  /** Starts `main.ts` without asking anybody for a permission. */
  start(flags: readonly string[], ...args: string[]): Program {
    return new Program(Deno.execPath(), {
      args: ["run", "--no-prompt", ...flags, "main.ts", ...args],
      cwd: this.folder,
      env: { NO_COLOR: "1" },
    });
  }

  async [Symbol.asyncDispose]() {
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** A process, and what it prints. */
class Program implements AsyncDisposable {
  /** Everything that it has printed. */
  output = "";
  readonly #process: Deno.ChildProcess;
  readonly #reading: Promise<unknown>;
  #waiters: (() => void)[] = [];

  constructor(command: string, options: Deno.CommandOptions) {
    this.#process = new Deno.Command(command, {
      ...options,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const { stdout, stderr } = this.#process;
    this.#reading = Promise.all([this.#read(stdout), this.#read(stderr)])
      .finally(() => this.#wake());
  }

  async #read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.output += text;
      this.#wake();
    }
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }

  /** Waits until it has printed as many matches, and returns their first groups. */
  async waitFor(pattern: RegExp, count = 1): Promise<string[]> {
    let hasEnded = false;
    const end = this.#reading.then(() => hasEnded = true);
    while (true) {
      const found = [...this.output.matchAll(pattern)].map(([, group]) =>
        group ?? ""
      );
      if (found.length >= count) return found;
      if (hasEnded) throw new Error(`The program has ended: ${this.output}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiters.push(resolve);
      await Promise.race([promise, end]);
    }
  }

  /** Waits for its end, and returns its exit code. */
  async wait(): Promise<number> {
    const { code } = await this.#process.status;
    await this.#reading;
    return code;
  }

  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  async [Symbol.asyncDispose]() {
    try {
      this.kill("SIGKILL");
    } catch (error) {
      // It has ended.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.wait();
  }
}

/** The addresses of the two listeners of the guide's program. */
async function waitForAddresses(program: Program): Promise<[string, string]> {
  const ports = await program.waitFor(/127\.0\.0\.1:(\d+)/g, 2);
  const [main, operator] = ports.map((port) => `127.0.0.1:${port}`);
  return [main!, operator!];
}

const FLAGS = freePorts(findBlock(/^deno run/))
  .match(/--allow-\S+/g)!;

Deno.test("The program of the guide runs with the flags of the guide, and ends in good order", async () => {
  await using site = await Site.create(freePorts(PROGRAM!));
  await using program = site.start(FLAGS);
  const [address, operator] = await waitForAddresses(program);
  assertEquals(await (await fetch(`http://${address}/`)).text(), PAGE);
  const hidden = await fetch(`http://${address}/metrics`);
  assertEquals(await hidden.text(), "Not Found");
  const closed = Promise.withResolvers<CloseInfo>();
  const client = await dial(
    `ws://${address}/chat`,
    { chat: {} },
    { onClose: closed.resolve },
  );
  const chat = await client.connect("chat");
  assertEquals((await chat.ask("onSay", "hello")).text(), "said");
  const metrics = await (await fetch(`http://${operator}/metrics`)).text();
  assertStringIncludes(metrics, "\nneffos_connections 1\n");
  // Windows has no signals: a program is ended at once.
  if (Deno.build.os === "windows") return await client.close();
  program.kill("SIGTERM");
  assertEquals((await closed.promise).code, 1001);
  assertEquals(await program.wait(), 0, program.output);
});

Deno.test("The unit and the image of the guide start the program with these flags", () => {
  const [command] = findBlock(/^deno run/).split("\n");
  assertStringIncludes(findBlock(/^\[Service\]/m), `/usr/bin/${command}\n`);
  const [, list] = /^CMD (.+)$/m.exec(findBlock(/^FROM/))!;
  const args = ["deno", ...JSON.parse(list!)].join(" ")
    .replaceAll("0.0.0.0", "127.0.0.1");
  assertEquals(args.replace("--cached-only ", ""), command);
});

for (const flag of FLAGS) {
  Deno.test(`The program of the guide needs ${flag}`, async () => {
    await using site = await Site.create(freePorts(PROGRAM!));
    await using program = site.start(FLAGS.filter((other) => other !== flag));
    assert(await program.wait() !== 0);
    assertStringIncludes(program.output, flag.split("=")[0]!);
  });
}

/** A program for each part in the table, which ends with 0 if it has what it needs. */
const PARTS: Readonly<Record<string, string>> = {
  "a listener, with its routes, websockets and metrics": `
    import { denoUpgrader, metricsHandler, Router, Server, websocketHandler } from "@neffos/mvc";
    const router = new Router();
    const server = new Server(denoUpgrader(), { chat: {} });
    router.get("/chat", websocketHandler(server)).get("/metrics", metricsHandler(server));
    const listener = router.listen({ hostname: "127.0.0.1", port: 8080 });
    await listener.shutdown();`,
  'the folder of `handleDir("/", "public")`': `
    import { Router } from "@neffos/mvc";
    const router = new Router();
    router.handleDir("/", "public");
    const response = await router.handler(new Request("http://host/"), {} as never);
    if (response.status !== 200) Deno.exit(2);
    await response.text();`,
  '`dial("wss://chat.example/chat")`': `
    import { dial } from "@neffos/mvc";
    const client = await dial("wss://chat.example/chat", { chat: {} });
    await client.close();`,
  "services, controllers, cookies, server-sent events and signals": `
    import { Application, Context, Router, serverSentEvents } from "@neffos/mvc";
    class VisitController {
      static readonly inject = [Context] as const;
      constructor(readonly ctx: Context) {}
      get() {
        this.ctx.cookies.set("visited", "yes");
        return serverSentEvents([{ data: "hello" }]);
      }
    }
    const router = new Router();
    new Application(router).handle(VisitController);
    const response = await router.handler(new Request("http://host/"), {} as never);
    await response.text();
    if (!response.headers.has("set-cookie")) Deno.exit(2);
    Deno.addSignalListener("SIGINT", () => {});
    Deno.exit();`,
  "`dashboard(server, { guard })`": `
    import { dashboard, denoUpgrader, Router, Server } from "@neffos/mvc";
    const server = new Server(denoUpgrader(), { chat: {} });
    const router = new Router();
    router.any("/ops/*", dashboard(server, { guard: (_ctx, next) => next() }));
    for (const path of ["", "page.js", "connections", "metrics", "events"]) {
      const request = new Request("http://host/ops/" + path);
      const response = await router.handler(request, {} as never);
      if (response.status !== 200) Deno.exit(2);
      await response.body!.getReader().read();
    }
    Deno.exit();`,
};

const ROWS = [...GUIDE.matchAll(/^\| (.+?) +\| (`--\S+`|none) +\|$/gm)]
  .map(([, part, flags]) => ({ part: part!, flags: flags! }));

Deno.test("The table of permissions has a row for each part", () => {
  assertEquals(ROWS.map(({ part }) => part), Object.keys(PARTS));
});

for (const { part, flags } of ROWS) {
  Deno.test(`Permissions: ${part} needs ${flags}`, async () => {
    const server = new Server(denoUpgrader(), { chat: {} });
    const listener = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request, info) => server.upgrade(request, info),
    );
    const { port } = listener.addr;
    const place = (text: string) =>
      freePorts(text).replace("wss://chat.example", `ws://127.0.0.1:${port}`)
        .replace("chat.example:443", `127.0.0.1:${port}`);
    await using site = await Site.create(place(PARTS[part]!));
    const run = async (flags: string[]) => {
      await using program = site.start(flags);
      return { code: await program.wait(), output: program.output };
    };
    const given = place(flags).match(/--[^\s`]+/g) ?? [];
    const { code, output } = await run(given);
    assertEquals(code, 0, output);
    if (given.length > 0) assert((await run([])).code !== 0);
    await server.close();
    await listener.shutdown();
  });
}

/** Whether a command is there to be tested with. */
async function canRun(command: string, arg: string): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(command, {
      args: [arg],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    return false;
  }
}

/** Makes a certificate for localhost. */
async function makeCertificate({ folder }: Site): Promise<void> {
  const { success } = await new Deno.Command("openssl", {
    args: [
      ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
        .split(" "),
      ..."-keyout key.pem -out cert.pem -days 2 -subj /CN=localhost".split(" "),
      ..."-addext subjectAltName=DNS:localhost".split(" "),
      // A client takes no certificate of an authority for that of a server.
      ..."-addext basicConstraints=critical,CA:FALSE".split(" "),
    ],
    cwd: folder,
    stdout: "null",
    stderr: "null",
  }).output();
  assert(success);
}

/** Finds a port for a program that cannot be told to choose one. */
function findPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Dials through a proxy, as a page of each origin, and prints the results. */
const CLIENT = `
  import { dial } from "@neffos/mvc";
  const [url, ...origins] = Deno.args;
  const nowhere = url.replace("/chat", "/nowhere");
  console.log(await dial(nowhere, {}).catch((error) => error.status));
  for (const origin of origins) {
    try {
      const client = await dial(url, { chat: {} }, { headers: { origin } });
      const chat = await client.connect("chat");
      console.log((await chat.ask("onSay", "hello")).text());
      await client.close();
    } catch {
      console.log("refused");
    }
  }`;

/** What is tested of a proxy: how it is started, and the line by which it says that it listens. */
interface Proxy {
  readonly command: string;
  readonly args: (site: Site) => readonly string[];
  /** Writes its configuration. */
  readonly configure: (
    site: Site,
    place: { port: number; backend: string },
  ) => Promise<void>;
  readonly ready: RegExp;
}

const PROXIES: readonly Proxy[] = [{
  command: "nginx",
  args: ({ folder }) => ["-p", folder, "-e", "stderr", "-c", "nginx.conf"],
  async configure(site, { port, backend }) {
    const block = findBlock(/proxy_pass/)
      .replace("443 ssl", `127.0.0.1:${port} ssl`)
      .replace("/etc/ssl/chat.example.pem", `${site.folder}/cert.pem`)
      .replace("/etc/ssl/chat.example.key", `${site.folder}/key.pem`)
      .replace("127.0.0.1:8080", backend);
    const folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${site.folder}/${name};`).join("\n");
    await site.write(
      "nginx.conf",
      `daemon off;
      master_process off;
      pid ${site.folder}/nginx.pid;
      error_log stderr notice;
      events {}
      http { access_log off; ${folders} ${block} }`,
    );
  },
  ready: /\[notice\] .*OS: /g,
}, {
  command: "caddy",
  args: () => ["run", "--config", "Caddyfile", "--adapter", "caddyfile"],
  async configure(site, { port, backend }) {
    const block = findBlock(/reverse_proxy/)
      .replace("chat.example {", `https://localhost:${port} {`)
      .replace("127.0.0.1:8080", `${backend}\n  tls cert.pem key.pem`);
    const options = "{\n  admin off\n  auto_https disable_redirects\n}";
    await site.write("Caddyfile", `${options}\n${block}`);
  },
  ready: /serving initial configuration/g,
}];

for (const { command, args, configure, ready } of PROXIES) {
  const version = command === "nginx" ? "-v" : "version";
  const ignore = !await canRun(command, version) ||
    !await canRun("openssl", "version");
  Deno.test(
    `A websocket goes through ${command}, whose headers count with trustProxy`,
    { ignore },
    async () => {
      const results: string[] = [];
      for (const trustProxy of ["true", "false"]) {
        const source = PROGRAM!.replace(
          "trustProxy: true",
          `trustProxy: ${trustProxy}`,
        );
        await using site = await Site.create(freePorts(source));
        await using program = site.start(FLAGS);
        const [backend] = await waitForAddresses(program);
        await makeCertificate(site);
        const port = findPort();
        await configure(site, { port, backend });
        await using proxy = new Program(command, {
          args: [...args(site)],
          cwd: site.folder,
          env: { HOME: site.folder, XDG_DATA_HOME: site.folder },
        });
        await proxy.waitFor(ready);
        await using visitor = await Site.create(CLIENT);
        const url = `localhost:${port}`;
        await using client = visitor.start(
          [`--allow-net=${url}`, `--cert=${join(site.folder, "cert.pem")}`],
          `wss://${url}/chat`,
          `https://${url}`,
          `http://${url}`,
          "https://other.example",
        );
        assertEquals(await client.wait(), 0, client.output);
        results.push(client.output);
      }
      // A page without TLS may have been forged: that the client has TLS is known
      // by the headers of the proxy alone.
      assertEquals(results, [
        "404\nsaid\nrefused\nrefused\n",
        "404\nsaid\nsaid\nrefused\n",
      ]);
    },
  );
}

Deno.test({
  name: "systemd accepts the unit of the guide",
  ignore: !await canRun("systemd-analyze", "--version"),
  async fn() {
    await using site = await Site.create("");
    const unit = findBlock(/^\[Service\]/m)
      .replace("/usr/bin/deno", Deno.execPath());
    const path = await site.write("chat.service", unit);
    await using verify = new Program("systemd-analyze", {
      args: ["verify", path],
      env: { LC_ALL: "C" },
    });
    await verify.wait();
    // It complains about units of the machine, too.
    const complaints = verify.output.split("\n")
      .filter((line) => line.includes("chat.service"));
    assertEquals(complaints, []);
  },
});
