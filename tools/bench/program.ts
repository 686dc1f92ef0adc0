/** Generates programs with many services and controllers, for the bench. */

/** The size of a program. */
export interface ProgramSize {
  readonly services: number;
  readonly controllers: number;
}

interface Service {
  readonly name: string;
  readonly kind: "value" | "singleton" | "scoped";
  readonly deps: readonly Service[];
}

const MOD = new URL("../../mod.ts", import.meta.url).href;
/** Of ten services two are values, four singletons and four scoped. */
const KINDS = "vsvsscsccc";
const MAX_DEPS = 5;

/**
 * Generates a program that prints the milliseconds from its first registration
 * until its server is made, and exports `makeApp` for a test. The same size gives
 * the same program.
 */
export function writeProgram({ services, controllers }: ProgramSize): string {
  const all: Service[] = [];
  for (let i = 0; i < services; i++) all.push(planService(i, all));
  const names = Array.from({ length: controllers }, (_, i) => `Controller${i}`);
  return [
    `import { Application, denoUpgrader, type Message, NSConn, Router, Server, token } from "${MOD}";`,
    ...all.map(declareService),
    ...names.map((name, i) => declareController(name, i, all)),
    "export function makeApp() {",
    "  const app = new Application(new Router())",
    ...all.map((service) => `    ${registerService(service)}`),
    "  ;",
    ...names.map((name) => `  app.handleWebsocket(${name});`),
    "  return app;",
    "}",
    "if (import.meta.main) {",
    "  const start = performance.now();",
    "  new Server(denoUpgrader(), makeApp());",
    "  console.log(performance.now() - start);",
    "}",
    "",
  ].join("\n");
}

function planService(i: number, before: readonly Service[]): Service {
  const letter = KINDS[i % KINDS.length];
  if (letter === "v") return { name: `Value${i}`, kind: "value", deps: [] };
  const isScoped = letter === "c";
  // A singleton cannot depend on a scoped service.
  const candidates = isScoped
    ? before
    : before.filter(({ kind }) => kind !== "scoped");
  return {
    name: `Service${i}`,
    kind: isScoped ? "scoped" : "singleton",
    deps: choose(candidates, i % (MAX_DEPS + 1), i),
  };
}

/** Chooses some services, each once; the same for the same seed. */
function choose(
  all: readonly Service[],
  count: number,
  seed: number,
): Service[] {
  const chosen = new Set<Service>();
  for (let i = 0; i < count && all.length > 0; i++) {
    chosen.add(all[(seed * 7 + i * 13) % all.length]!);
  }
  return [...chosen];
}

function declareService({ name, kind, deps }: Service): string {
  if (kind === "value") {
    return `interface ${name} { readonly name: "${name}" }
const ${name} = token<${name}>("${name}");`;
  }
  return `class ${name} {
  static readonly inject = [${namesOf(deps)}] as const;
  readonly name = "${name}";
  constructor(${parametersOf(deps)}) {}
}`;
}

function registerService({ name, kind, deps }: Service): string {
  if (kind === "value") return `.register(${name}, { name: "${name}" })`;
  if (deps.length !== 1) return `.${kind}(${name})`;
  return `.${kind}(${name}, [${namesOf(deps)}], (dep) => new ${name}(dep))`;
}

function declareController(
  name: string,
  i: number,
  all: readonly Service[],
): string {
  // Every fifth controller is shared by all connections.
  const isShared = i % 5 === 4;
  const candidates = isShared
    ? all.filter(({ kind }) => kind !== "scoped")
    : all;
  const deps = choose(candidates, 1 + i % MAX_DEPS, i);
  const inject = isShared ? namesOf(deps) : `NSConn, ${namesOf(deps)}`;
  const parameters = isShared
    ? parametersOf(deps)
    : `nsConn: NSConn, ${parametersOf(deps)}`;
  const nsConn = isShared ? "nsConn: NSConn, " : "";
  const own = isShared ? "nsConn" : "this.nsConn";
  return `class ${name} {
  static readonly namespace = "n${i}";
  static readonly inject = [${inject}] as const;
  ${isShared ? "" : "readonly nsConn: NSConn;"}
  readonly names: string;
  constructor(${parameters}) {
    ${isShared ? "" : "this.nsConn = nsConn;"}
    this.names = [${deps.map((_, i) => `dep${i}.name`)}].join();
  }
  onNames(${nsConn}_msg: Message) { return this.names; }
  onEcho(${nsConn}msg: Message) { return ${own}.namespace + msg.text(); }
  async onLater(${nsConn}msg: Message) { return await Promise.resolve(${own}.id + msg.text()); }
}`;
}

function namesOf(deps: readonly Service[]): string {
  return deps.map(({ name }) => name).join(", ");
}

function parametersOf(deps: readonly Service[]): string {
  return deps.map(({ name }, i) => `readonly dep${i}: ${name}`).join(", ");
}
