// error at 6:28: Argument of type '[string]' is not assignable to parameter of type '[...middleware: Middleware<{}>[], handler: RouteHandler<{}>]'.
//   Type at position 0 in source is not compatible with type at position 1 in target.
//     Type 'string' is not assignable to type 'RouteHandler<{}>'.
import { Router } from "../../../mod.ts";

new Router().get("/hello", "Hello");
