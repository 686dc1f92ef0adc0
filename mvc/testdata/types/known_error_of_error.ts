// error: Argument of type 'typeof StockError' is not assignable to parameter of type 'KnownErrorClass'
import { registerError } from "../../../mod.ts";

class StockError extends Error {}
registerError(StockError);
