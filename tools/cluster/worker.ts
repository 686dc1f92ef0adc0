/** A server of a cluster as a thread; see `node.ts`. */

import { makeCommands } from "./node.ts";

const scope = globalThis as unknown as {
  onmessage(event: MessageEvent): void;
  postMessage(message: unknown): void;
};
const commands = makeCommands();

scope.onmessage = async ({ data: { name, argument } }) => {
  try {
    scope.postMessage({ value: await commands[name]!(argument) });
  } catch (error) {
    scope.postMessage({ error: String(error) });
  }
};
scope.postMessage({});
