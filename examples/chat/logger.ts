import { token } from "@neffos/mvc";

/** Where the chat says what is going on. */
export interface Logger {
  /** Writes a line. */
  log(text: string): void;
}

/** An interface is gone at run time, so a token stands for it. */
export const Logger = token<Logger>("Logger");
