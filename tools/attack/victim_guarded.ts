/** Servers with limits of connections and rates, and their metrics. */

import {
  type Message,
  metricsHandler,
  type NSConn,
  type Router,
  Server,
  type ServerOptions,
  type Upgrader,
  websocketHandler,
} from "../../mod.ts";
import { GUARD, TIMES } from "./victim_limits.ts";

/** Mounts a server that clients reach directly, and one behind a trusted proxy. */
export function mountGuarded(router: Router, upgrader: Upgrader): Server[] {
  const limits: ServerOptions = {
    ackTimeout: TIMES.ack,
    closeTimeout: TIMES.close,
    maxConnections: GUARD.connections,
    maxConnectionsPerAddress: GUARD.perAddress,
    rateLimit: GUARD.rate,
    onError() {},
    onUnhandled() {},
  };
  const echo = { open: { onEcho: (_: NSConn, msg: Message) => msg.body } };
  const direct = new Server(upgrader, echo, limits);
  const proxied = new Server(upgrader, echo, { ...limits, trustProxy: true });
  router.get("/guarded", websocketHandler(direct));
  router.get("/proxied", websocketHandler(proxied));
  router.get("/metrics", metricsHandler(direct));
  return [direct, proxied];
}
