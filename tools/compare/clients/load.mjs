/** The load of all clients: connections, asks that wait on each of them, and a text. */
export const CONNECTIONS = 20;
export const IN_FLIGHT = 4;
export const TEXT = "x".repeat(64);

/**
 * Asks until the messages are used up.
 *
 * @param {number} messages How many there are.
 * @param {() => Promise<(text: string) => Promise<string>>} connect Opens a
 * connection, and returns what asks on it.
 */
export async function drive(messages, connect) {
  const asks = [];
  for (let n = 0; n < CONNECTIONS; n++) asks.push(await connect());
  let left = messages;
  const work = async (ask) => {
    while (left-- > 0) {
      if (await ask(TEXT) !== TEXT) throw new Error("The answer is another");
    }
  };
  await Promise.all(
    asks.flatMap((ask) => Array.from({ length: IN_FLIGHT }, () => work(ask))),
  );
}
