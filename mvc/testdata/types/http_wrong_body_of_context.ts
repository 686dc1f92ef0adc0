// error at 9:9: Type '{ name: string; }' is not assignable to type '{ name: number; }'.
//   Types of property 'name' are incompatible.
//     Type 'string' is not assignable to type 'number'.
import { Router, type StandardSchemaV1 } from "../../../mod.ts";

declare const Login: StandardSchemaV1<unknown, { name: string }>;

new Router().post("/", async (ctx) => {
  const login: { name: number } = await ctx.readBody(Login);
  return ctx.json(login);
});
