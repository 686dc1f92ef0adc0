import {
  Server,
  type ServerOptions,
  type Upgrader,
} from "../../../neffos/mod.ts";
import { Journal } from "../journal.ts";
import { type Scenario, SCENARIOS, serverHandler } from "./scenarios.ts";

/** A scenario with this module's server. */
export interface Played {
  readonly scenario: Scenario;
  readonly server: Server;
  /** What the server has seen. */
  readonly log: Journal;
}

/** Makes the server of each scenario, with more options for all of them. */
export function playScenarios(
  upgrader: Upgrader,
  options: ServerOptions = {},
): Map<string, Played> {
  return new Map(
    Object.entries(SCENARIOS).map(([name, scenario]) => {
      const log = new Journal();
      const server = new Server(upgrader, serverHandler(scenario, log), {
        idGenerator: () => "ID",
        parameterHeaders: ["X-Name"],
        onError: (error) => log.push(`fault: ${error}`),
        ...scenario.options,
        ...options,
      });
      return [name, { scenario, log, server }];
    }),
  );
}

/**
 * Serves each scenario at the path of its name, on a free port.
 *
 * @param played The scenarios.
 * @returns The listener.
 */
export function serveScenarios(
  played: ReadonlyMap<string, Played>,
): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request, info) => {
      const { pathname } = new URL(request.url);
      return played.get(pathname.slice(1))?.server.upgrade(request, info) ??
        new Response("no such scenario", { status: 404 });
    },
  );
}
