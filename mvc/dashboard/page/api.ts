/// <reference lib="dom" />
import type {
  ConnectionDetail,
  ConnectionPage,
  DisconnectAnswer,
  DisconnectRequest,
  Rows,
} from "../data.ts";

/** Lists connections, the newest first. */
export async function fetchConnections(
  text: string,
  offset: number,
): Promise<ConnectionPage> {
  const query = new URLSearchParams({ text, offset: String(offset) });
  return await fetchJSON(`connections?${query}`);
}

/** Describes the connections with an ID. */
export async function fetchConnection(
  id: string,
): Promise<Rows<ConnectionDetail>> {
  return await fetchJSON(`connection?${new URLSearchParams({ id })}`);
}

/** Disconnects an ID, on all servers. */
export async function disconnect(
  request: DisconnectRequest,
): Promise<DisconnectAnswer> {
  return await fetchJSON("disconnect", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request),
  });
}

/** Describes the program; `undefined` if nothing does. */
export async function fetchProgram(): Promise<string | undefined> {
  const response = await fetch("explain");
  return response.status === 200 ? await response.text() : undefined;
}

async function fetchJSON<T>(url: string, init?: RequestInit): Promise<T> {
  const response = await fetch(url, init);
  if (response.ok) return await response.json();
  if (response.status === 405) {
    throw new Error('The dashboard must be mounted by router.any("…/*", …)');
  }
  const text = await response.text();
  throw new Error(`The server has answered ${response.status}: ${text}`);
}
