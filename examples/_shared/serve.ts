import { parseArgs } from "node:util";
import type { Application, Server } from "@neffos/mvc";
import { stopOnSignal } from "./signals.ts";

/** What an example is made of. */
export interface Example {
  /** Answers the requests. */
  readonly handler: Deno.ServeHandler<Deno.NetAddr>;
  /** The neffos server, which a signal closes, if it has one. */
  readonly server?: Server;
  /** The application: `--explain` prints it, and the end disposes its services. */
  readonly app: Application;
  /** The line after the address: what to do with it. */
  readonly hint: string;
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
  Deno.exit();
}

/**
 * Serves an example where the flags `--port` and `--host`, or the variables
 * PORT and HOST, say: by default on http://localhost:8080/.
 *
 * @param example The example. A signal closes its server, then the listener.
 */
export function serveExample({ handler, server, app, hint }: Example): void {
  explainIfAsked(() => app);
  const listener = listen(
    (address) => Deno.serve({ ...address, onListen() {} }, handler),
    hint,
  );
  stopOnSignal(async () => {
    await server?.close();
    await listener.shutdown();
    await app[Symbol.asyncDispose]();
  });
}

/**
 * Listens where {@linkcode serveExample} does, and prints the address.
 *
 * @param start Begins to listen.
 * @param hint The line after the address: what to do with it.
 * @returns What `start` has returned.
 */
export function listen<T extends { readonly addr: Deno.NetAddr }>(
  start: (address: { port: number; hostname: string }) => T,
  hint: string,
): T {
  const { port, hostname } = readFlags();
  const name = hostname === "127.0.0.1" ? "localhost" : hostname;
  try {
    const listener = start({ port, hostname });
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
  Deno.exit(1);
}

function readFlags(): {
  port: number;
  hostname: string;
  isExplained: boolean;
} {
  const type = "string";
  try {
    const { values } = parseArgs({
      options: { port: { type }, host: { type }, explain: { type: "boolean" } },
    });
    const port = Number(values.port ?? Deno.env.get("PORT") ?? 8080);
    const hostname = values.host ?? Deno.env.get("HOST") ?? "127.0.0.1";
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
  if (error instanceof Deno.errors.AddrInUse) {
    return "it is in use; set PORT to another";
  }
  return error instanceof Error ? error.message : String(error);
}
