import { CloseError, EventError, registerError } from "../../../mod.ts";

class PlainError extends EventError {}
class ItemError extends EventError {
  constructor(readonly item: string) {
    super(`${item} is sold`);
  }
}
class StockError extends EventError {
  static fromText(text: string) {
    const count = /^(\d+) are left$/.exec(text)?.[1];
    return count === undefined ? undefined : new StockError(Number(count));
  }
  constructor(readonly count: number) {
    super(`${count} are left`);
  }
}
class KickError extends CloseError {
  static fromText(text: string) {
    return text === "kicked" ? new KickError(4500, text) : undefined;
  }
}
registerError(PlainError);
registerError(ItemError);
registerError(StockError);
registerError(KickError);
