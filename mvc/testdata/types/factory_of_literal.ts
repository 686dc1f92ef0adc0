// error at 6:42: Type '"test"' is not assignable to type '"dev" | "prod"'.
import { Container, token } from "../../../mod.ts";

const Mode = token<{ readonly name: "dev" | "prod" }>("Mode");

new Container().singleton(Mode, () => ({ name: "test" }));
