// error: Argument of type 'typeof StockError' is not assignable to parameter of type 'KnownErrorClass'
import { EventError, registerError } from "../../../mod.ts";

class StockError extends EventError {
  constructor(readonly count: number) {
    super(`${count} are left`);
  }
}
registerError(StockError);
