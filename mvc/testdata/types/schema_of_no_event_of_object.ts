// error at 7:21: Argument of type '{ events: { onMisspelt: StandardSchemaV1<unknown, { text: string; }>; }; onSay(): void; }' is not assignable to parameter of type '"static events has onMisspelt, and should name methods that handle events of its own"'.
import { Application, Router, type StandardSchemaV1 } from "../../../mod.ts";

declare const schema: StandardSchemaV1<unknown, { text: string }>;

const app = new Application(new Router());
app.handleWebsocket({ events: { onMisspelt: schema }, onSay() {} });
