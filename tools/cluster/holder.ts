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

/** Nothing else keeps them. */
const sockets: WebSocket[] = [];

await obey({
  async open({ urls, count }: OpenArgument): Promise<void> {
    let begun = 0;
    const openSome = async () => {
      while (begun < count) {
        sockets.push(await openPerson(urls[begun++ % urls.length]!));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, openSome));
  },
});
