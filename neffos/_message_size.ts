import type { Message } from "./message.ts";

/** How large a message that waits is, about: its names are short. */
export function sizeOf({ body, wait }: Message): number {
  return body.length + wait.length;
}
