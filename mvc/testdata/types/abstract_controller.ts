// error at 11:47: Argument of type 'typeof BaseController' is not assignable to parameter of type '"is abstract, and only a class that extends it can be built"'.
import { Application, Router } from "../../../mod.ts";

abstract class BaseController {
  abstract find(): string;
  onFind() {
    return this.find();
  }
}

new Application(new Router()).handleWebsocket(BaseController);
