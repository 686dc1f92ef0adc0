// error at 6:12: Argument of type 'Application<never, never, never>' is not assignable to parameter of type 'Upgrader'.
//   Type 'Application<never, never, never>' provides no match for the signature '(request: Request, protocol: string | undefined): Upgraded'.
import { Application, denoUpgrader, Router, Server } from "../../../mod.ts";

const app = new Application(new Router());
new Server(app, denoUpgrader());
