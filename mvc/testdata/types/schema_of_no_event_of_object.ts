// error: NoSuchEvent<"onMisspelt">
import { Application, Router, type StandardSchemaV1 } from "../../../mod.ts";

declare const schema: StandardSchemaV1<unknown, { text: string }>;

const app = new Application(new Router());
app.handleWebsocket({ events: { onMisspelt: schema }, onSay() {} });
