/** A process that holds connections to the servers of a cluster. */

import { obey } from "../soak/commands.ts";
import { openPerson } from "./person.ts";

/** The connections that are opened at a time. */
const AT_ONCE = 64;

/** The connections to open. */
export interface OpenArgument {
  /** The servers, which take turns. */
  readonly urls: readonly string[];
  readonly count: number;
}

const sockets = new Set<WebSocket>();

await obey({
  async open({ urls, count }: OpenArgument): Promise<void> {
    let begun = 0;
    const openSome = async () => {
      while (begun < count) {
        const socket = await openPerson(urls[begun++ % urls.length]!);
        sockets.add(socket);
        socket.addEventListener("close", () => sockets.delete(socket));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, openSome));
  },
  /** The connections that are open. */
  count: () => sockets.size,
});
