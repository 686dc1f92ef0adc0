import process from "node:process";
import { parseArgs } from "node:util";
import type { Application, RequestHandler, Server } from "@neffos/mvc";
import { stopOnSignal } from "./signals.ts";

/** Where a server listens. */
export interface Address {
  readonly port: number;
  readonly hostname: string;
}

/** A server that listens. */
export interface Listener {
  /** Where it listens; the port is that of a server which has not ended. */
  readonly addr: { readonly port?: number | undefined };
  /** Resolves when it has ended. */
  shutdown(): Promise<void>;
}

/** What an example is made of. */
export interface Example {
  /** Answers the requests. */
  readonly handler: RequestHandler;
  /** The neffos server, which a signal closes, if it has one. */
  readonly server?: Server;
  /** The application: `--explain` prints it, and the end disposes its services. */
  readonly app: Application;
  /** The line after the address: what to do with it. */
  readonly hint: string;
  /**
   * Begins to listen.
   *
   * @default {Deno.serve()}
   */
  readonly listen?: (
    handler: RequestHandler,
    address: Address,
  ) => Listener | Promise<Listener>;
}

/**
 * Prints what an application consists of, and ends the program, if the flag
 * `--explain` says so.
 *
 * @param getApplication Gives the application.
 */
export function explainIfAsked(getApplication: () => Application): void {
  if (!readFlags().isExplained) return;
  console.log(String(getApplication().explain()));
  process.exit();
}

/**
 * Serves an example where the flags `--port` and `--host`, or the variables
 * PORT and HOST, say: by default on http://localhost:8080/.
 *
 * @param example The example. A signal closes its server, then the listener.
 * @returns Resolves when it listens.
 */
export async function serveExample(example: Example): Promise<void> {
  const { handler, server, app, hint } = example;
  const { listen: start = serveDeno } = example;
  explainIfAsked(() => app);
  const listener = await listen((address) => start(handler, address), hint);
  stopOnSignal(async () => {
    await server?.close();
    await listener.shutdown();
    await app[Symbol.asyncDispose]();
  });
}

function serveDeno(handler: RequestHandler, address: Address): Listener {
  return Deno.serve({ ...address, onListen() {} }, handler);
}

/**
 * Listens where {@linkcode serveExample} does, and prints the address.
 *
 * @param start Begins to listen.
 * @param hint The line after the address: what to do with it.
 * @returns What `start` has returned.
 */
export async function listen<T extends Pick<Listener, "addr">>(
  start: (address: Address) => T | Promise<T>,
  hint: string,
): Promise<T> {
  const { port, hostname } = readFlags();
  const name = hostname === "127.0.0.1" ? "localhost" : hostname;
  try {
    const listener = await start({ port, hostname });
    console.log(`http://${name}:${listener.addr.port}/\n${hint}`);
    return listener;
  } catch (error) {
    return exitWithError(`Cannot listen on port ${port}: ${explain(error)}`);
  }
}

/**
 * Ends the program with a sentence, where a stack trace would not help.
 *
 * @param message The sentence.
 */
export function exitWithError(message: string): never {
  console.error(message);
  process.exit(1);
}

function readFlags(): Address & { readonly isExplained: boolean } {
  const type = "string";
  try {
    const { values } = parseArgs({
      options: { port: { type }, host: { type }, explain: { type: "boolean" } },
    });
    const port = Number(values.port ?? process.env["PORT"] ?? 8080);
    const hostname = values.host ?? process.env["HOST"] ?? "127.0.0.1";
    if (Number.isInteger(port) && port >= 0 && port < 65_536) {
      return { port, hostname, isExplained: values.explain ?? false };
    }
  } catch {
    // Another flag was given.
  }
  return exitWithError(
    "Usage: main.ts [--port=8080] [--host=127.0.0.1] [--explain]",
  );
}

function explain(error: unknown): string {
  if (Object(error).code === "EADDRINUSE") {
    return "it is in use; set PORT to another";
  }
  return error instanceof Error ? error.message : String(error);
}
