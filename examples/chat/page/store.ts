import { makeID } from "../../_shared/page/make_id.ts";

/** A message that the server has not confirmed yet. */
export interface Outgoing {
  readonly id: string;
  readonly room: string;
  readonly text: string;
  readonly time: string;
}

/** What survives a reload. Each tab has its own, so each is a person. */
export interface Store {
  /** Proves to the server that the name is this tab's, also after a loss. */
  readonly key: string;
  name: string;
  /** The room that is shown. */
  room: string;
  rooms: string[];
  outbox: Outgoing[];
  /** The texts that were not sent yet, by the names of their rooms. */
  readonly drafts: Record<string, string>;
}

const KEY = "chat";

/** Reads what the page had before it was loaded again. */
export function readStore(): Store {
  const store = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
  const [room, rooms] = ["lobby", ["lobby"]];
  const empty = { name: "", room, rooms, outbox: [], drafts: {} };
  return { key: makeID(), ...empty, ...store };
}

/** Writes it. */
export function writeStore(store: Store): void {
  sessionStorage.setItem(KEY, JSON.stringify(store));
}
