/** Shared by the tests of the dashboard. */

import { dashboard, type DashboardOptions } from "../dashboard/dashboard.ts";
import type { Server } from "../../neffos/mod.ts";
import type { Middleware } from "../router/handlers.ts";
import { Router } from "../router/router.ts";

/** What a listener would give beside a request. */
export const INFO: Deno.ServeHandlerInfo = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 4711 },
  completed: Promise.resolve(),
};

/** A guard that lets all through. */
export const letAll: Middleware = (_ctx, next) => next();

/** Mounts a dashboard; returns a function that asks it. */
export function serveDashboard(
  server: Server,
  options: Partial<DashboardOptions> = {},
) {
  const router = new Router({ onError: () => {} });
  router.any("/ops/*", dashboard(server, { guard: letAll, ...options }));
  return async (path: string, init: RequestInit = {}) =>
    await router.handler(new Request(`http://host/ops/${path}`, init), INFO);
}
