// error at 6:38: Argument of type 'Application<never, never, never>' is not assignable to parameter of type 'Server'.
//   Type 'Application<never, never, never>' is missing the following properties from type 'Server': onConnect, onDisconnect, onUpgradeError, onError, and 24 more.
import { Application, Router, websocketHandler } from "../../../mod.ts";

const app = new Application(new Router());
app.router.get("/", websocketHandler(app));
