/** The servers that are compared. To add one, write its program in `peers/` and name it here. */

import { fileURLToPath } from "node:url";
import type { DialectName } from "./driver/dialects.ts";
import { type Kit, PEERS } from "./kit.ts";
import type { Command } from "./running.ts";

/** Why a server is ahead, as far as it is known, by what the IDs of metrics begin with. */
export type Reasons = Readonly<
  Partial<Record<"echo" | "latency" | "broadcast" | "memory" | "start", string>>
>;

/** A server. */
export interface ServerSpec {
  /** Its name in options and files. */
  readonly id: string;
  /** Its name for people. */
  readonly name: string;
  readonly group: "bare" | "ours" | "peers";
  readonly dialect: DialectName;
  /** The server of this module that it is compared with, by ID. */
  readonly rival?: string;
  /** Why it is ahead, where it is. */
  readonly ahead?: Reasons;
  /** Returns how it is started, once what it needs is there. */
  command(kit: Kit): Promise<Command>;
}

const DENO = [
  Deno.execPath(),
  "run",
  "-A",
  "--no-config",
  "--v8-flags=--expose-gc",
];
const DENO_WITH_PACKAGES = [...DENO, "--node-modules-dir=manual"];

/** Starts a program of `peers/` that needs no packages. */
function own(start: (kit: Kit) => Promise<string[]>, file: string) {
  return async (kit: Kit): Promise<Command> => ({
    args: [...await start(kit), fileURLToPath(new URL(file, PEERS))],
  });
}

/** Starts a program of `peers/` in the folder of the packages. */
function packaged(
  start: (kit: Kit) => Promise<string[]>,
  ...args: readonly string[]
) {
  return async (kit: Kit): Promise<Command> => {
    const cwd = await kit.packages();
    return { args: [...await start(kit), ...args], cwd };
  };
}

const onDeno = () => Promise.resolve(DENO_WITH_PACKAGES);
const onNode = async (kit: Kit) => [await kit.node(), "--expose-gc"];
const onBun = async (kit: Kit) => [await kit.bun()];

/** The same platform and socket, and nothing on top. */
const BARE: readonly ServerSpec[] = [
  {
    id: "bare-deno",
    name: "`Deno.upgradeWebSocket`",
    group: "bare",
    dialect: "neffos",
    command: own(() => Promise.resolve(DENO), "bare_deno.mjs"),
  },
  {
    id: "bare-ws-deno",
    name: "ws on Deno",
    group: "bare",
    dialect: "neffos",
    command: packaged(onDeno, "bare_ws.mjs"),
  },
  {
    id: "bare-ws-deno-corked",
    name: "ws on Deno, corked",
    group: "bare",
    dialect: "neffos",
    command: packaged(onDeno, "bare_ws.mjs", "corked"),
  },
  {
    id: "bare-ws-node",
    name: "ws on Node",
    group: "bare",
    dialect: "neffos",
    command: packaged(onNode, "bare_ws.mjs"),
  },
  {
    id: "bare-ws-node-corked",
    name: "ws on Node, corked",
    group: "bare",
    dialect: "neffos",
    command: packaged(onNode, "bare_ws.mjs", "corked"),
  },
  {
    id: "bare-bun",
    name: "`Bun.serve`",
    group: "bare",
    dialect: "neffos",
    command: own(onBun, "bare_bun.mjs"),
  },
];

/** Where a server of this module runs. */
interface Place {
  readonly id: string;
  readonly name: string;
  /** The transport, as `peers/ours.ts` takes it. */
  readonly transport: "deno" | "ws" | "bun";
  start?(kit: Kit): Promise<string[]>;
}

const PLACES: readonly Place[] = [
  { id: "deno", name: "Deno", transport: "deno" },
  { id: "ws-deno", name: "ws on Deno", transport: "ws" },
  { id: "ws-node", name: "ws on Node", transport: "ws", start: onNode },
  { id: "bun", name: "Bun", transport: "bun", start: onBun },
];

const HANDLERS = [
  { id: "events", name: "events" },
  { id: "controller", name: "controller" },
] as const;

/** A copy of this module. */
export interface Tree {
  /** What its servers have before their names. */
  readonly prefix: string;
  readonly name: string;
  /** The folder of `ours.ts` in it. */
  readonly peers: URL;
}

/** The servers of a copy of this module: by events and by a controller, on each platform. */
export function listOurs(
  { prefix, name, peers }: Tree = {
    prefix: "ours",
    name: "this module",
    peers: PEERS,
  },
): ServerSpec[] {
  return PLACES.flatMap((place) =>
    HANDLERS.map((handlers): ServerSpec => ({
      id: `${prefix}-${place.id}-${handlers.id}`,
      name: `${name} on ${place.name}, ${handlers.name}`,
      group: "ours",
      dialect: "neffos",
      async command(kit) {
        const source = fileURLToPath(new URL("ours.ts", peers));
        const start = place.start === undefined
          ? [...DENO, source]
          : [...await place.start(kit), await kit.bundle(peers)];
        const args = [...start, place.transport, handlers.id];
        if (place.transport !== "ws") return { args };
        return { args: [...args, `${await kit.packages()}node_modules/`] };
      },
    }))
  );
}

/** The same reason for everything. */
function forAll(reason: string): Reasons {
  return {
    echo: reason,
    latency: reason,
    broadcast: reason,
    memory: reason,
    start: reason,
  };
}

const NO_QUEUE =
  "it does not keep the order of messages whose handlers wait, nor limit how many of them do";

/** Frameworks of functions, or of one object for all connections. */
const LESS: Reasons = {
  echo: NO_QUEUE,
  latency: NO_QUEUE,
  broadcast: "it does not limit what waits for a receiver that is slow",
  memory: "it builds no controller and no services for a connection",
};

/** Socket.IO, which has no classes. */
const FUNCTIONS: Reasons = {
  ...LESS,
  start: "it has no controllers and services to compile when it starts",
};

/** Go, by what the package of its websockets does. */
function writtenInGo(memory: string): Reasons {
  return { ...forAll("Go is compiled ahead of time"), memory };
}

const OTHERS: readonly ServerSpec[] = [
  {
    id: "hono",
    name: "Hono's helper on Deno",
    group: "peers",
    dialect: "neffos",
    rival: "ours-deno-controller",
    ahead: forAll(
      "it has no events, namespaces, rooms or asks, and looks at the first letters of a message alone",
    ),
    command: packaged(onDeno, "hono.mjs"),
  },
  {
    id: "socket.io-node",
    name: "socket.io on Node",
    group: "peers",
    dialect: "socket.io",
    rival: "ours-ws-node-controller",
    ahead: {
      ...FUNCTIONS,
      broadcast: "it hands ws one finished frame for all receivers",
    },
    command: packaged(onNode, "socket_io_node.mjs"),
  },
  {
    id: "socket.io-bun",
    name: "socket.io on Bun",
    group: "peers",
    dialect: "socket.io",
    rival: "ours-bun-controller",
    ahead: FUNCTIONS,
    command: packaged(onBun, "socket_io_bun.mjs"),
  },
  {
    id: "nest",
    name: "NestJS over ws on Node",
    group: "peers",
    dialect: "nest",
    rival: "ours-ws-node-controller",
    ahead: LESS,
    command: packaged(onNode, "nest.mjs"),
  },
  {
    id: "go-gorilla",
    name: "neffos in Go, gorilla",
    group: "peers",
    dialect: "neffos",
    rival: "ours-deno-controller",
    ahead: writtenInGo("a connection is two goroutines with small stacks"),
    command: async (kit) => ({ args: [await kit.go(), "gorilla"] }),
  },
  {
    id: "go-gobwas",
    name: "neffos in Go, gobwas",
    group: "peers",
    dialect: "neffos",
    rival: "ours-deno-controller",
    ahead: writtenInGo("gobwas keeps no buffers for a connection"),
    command: async (kit) => ({ args: [await kit.go(), "gobwas"] }),
  },
];

/** All servers, in the order of the tables. */
export const SERVERS: readonly ServerSpec[] = [
  ...BARE,
  ...listOurs(),
  ...OTHERS,
];
