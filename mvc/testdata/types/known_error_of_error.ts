// error at 5:15: Argument of type 'typeof StockError' is not assignable to parameter of type '"must be a subclass of EventError"'.
import { registerError } from "../../../mod.ts";

class StockError extends Error {}
registerError(StockError);
