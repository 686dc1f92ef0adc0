import { dial, DialError, type DialOptions } from "../../../mod.ts";

const options: DialOptions = {
  headers: async ({ tries, signal }) => {
    const response = await fetch("https://a.example/token", { signal });
    return { authorization: await response.text(), "x-tries": `${tries}` };
  },
  reconnect: { minUptime: 1_000, maxDelay: Infinity },
  heartbeat: { interval: 10_000 },
  limits: { maxRooms: 5, maxPayload: 1_000_000 },
};

export async function connect(): Promise<string> {
  try {
    const client = await dial(() => new URL("wss://a.example"), {}, options);
    return String(client.conn.wasReconnected);
  } catch (error) {
    if (!(error instanceof DialError)) throw error;
    const status: number | undefined = error.status;
    return `${error.url} ${status} ${error.code}`;
  }
}
