// error at 4:65: Property 'name' does not exist on type '{ id: string; }'.
import { Router } from "../../../mod.ts";

new Router().get("/users/:id", (ctx) => new Response(ctx.params.name));
