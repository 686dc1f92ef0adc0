// error at 9:15: Argument of type 'typeof StockError' is not assignable to parameter of type '"is not made of (text, options): write a static function fromText(text)"'.
import { EventError, registerError } from "../../../mod.ts";

class StockError extends EventError {
  constructor(readonly count: number) {
    super(`${count} are left`);
  }
}
registerError(StockError);
