/**
 * The driver: a process that loads servers over raw TCP. It takes commands over its
 * standard input; see `obey()`. Its argument is the time that a message may be
 * unanswered, in milliseconds.
 *
 * @module
 */

import { obey } from "../../soak/commands.ts";
import { Crowd } from "./crowd.ts";
import { type Dialect, type DialectName, DIALECTS } from "./dialects.ts";
import {
  broadcast,
  type BroadcastOptions,
  check,
  echo,
  type EchoOptions,
  latency,
  type LatencyOptions,
} from "./loads.ts";
import { BURST } from "../peers/frames.mjs";

/** What each command has: the server, which is also the key of its connections. */
export interface CrowdArgument {
  readonly port: number;
  readonly dialect: DialectName;
}

/** Opens connections. */
export interface OpenArgument extends CrowdArgument {
  /** How many there will be in all. */
  readonly size: number;
}

/** Sets the message of the next loads. */
export interface PrepareArgument extends CrowdArgument {
  readonly kind: "echo" | "shout" | "burst";
  /** The length of its text, in bytes. */
  readonly bytes: number;
  /** How many may go out in one write. */
  readonly atOnce: number;
}

const PATIENCE = Number(Deno.args[0]);

const crowds = new Map<number, Crowd>();

function crowdOf({ port }: CrowdArgument): Crowd {
  const crowd = crowds.get(port) ?? new Crowd(PATIENCE);
  crowds.set(port, crowd);
  return crowd;
}

function makeText(bytes: number): string {
  return "x".repeat(bytes);
}

function listChecks(dialect: Dialect) {
  const text = makeText(16);
  const long = makeText(64 * 1024);
  return [
    { exchange: dialect.echo(text), times: [1, 0] },
    { exchange: dialect.echo(long), times: [1, 0] },
    { exchange: dialect.shout(text), times: [1, 1] },
    { exchange: dialect.burst(text), times: [BURST, BURST] },
    // What came too often before comes before this one.
    { exchange: dialect.echo(text), times: [1, 0] },
  ] as const;
}

await obey({
  async open(argument: OpenArgument) {
    const target = { ...argument, dialect: DIALECTS[argument.dialect] };
    await crowdOf(argument).grow(target, argument.size);
  },
  check: (argument: CrowdArgument) =>
    check(crowdOf(argument), listChecks(DIALECTS[argument.dialect])),
  prepare(argument: PrepareArgument) {
    const { kind, bytes, atOnce, dialect } = argument;
    const exchange = DIALECTS[dialect][kind](makeText(bytes));
    crowdOf(argument).prepare(exchange, atOnce);
  },
  echo: (argument: CrowdArgument & EchoOptions) =>
    echo(crowdOf(argument), argument),
  broadcast: (argument: CrowdArgument & BroadcastOptions) =>
    broadcast(crowdOf(argument), argument),
  latency: (argument: CrowdArgument & LatencyOptions) =>
    latency(crowdOf(argument), argument),
  close(argument: CrowdArgument) {
    crowdOf(argument).close();
    crowds.delete(argument.port);
  },
});

// Connections that are open must not keep it running.
Deno.exit();
