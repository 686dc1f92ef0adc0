/// <reference lib="dom" />
import type { ConnectionPage, ConnectionRow } from "../data.ts";
import { fetchConnections } from "./api.ts";
import { find, showText } from "./dom.ts";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatName,
  formatNumber,
} from "./format.ts";
import { Table } from "./table.ts";

/** How long the page waits for more of a search, in milliseconds. */
const TYPING = 200;

/** The list of connections, a page at a time. */
export class ConnectionList {
  readonly #table = new Table<ConnectionRow>(
    "connections",
    (row) => makeCells(row, this.time),
  );
  readonly #text = find("text", HTMLInputElement);
  readonly #found = find("found", HTMLElement);
  readonly #pager = find("pager", HTMLElement);
  readonly #newer = find("newer", HTMLButtonElement);
  readonly #older = find("older", HTMLButtonElement);
  readonly #elsewhere = find("elsewhere", HTMLButtonElement);
  #offset = 0;
  #size = 0;
  #typing: ReturnType<typeof setTimeout> | undefined;
  /** The number of requests, since a later one may be answered first. */
  #asked = 0;
  /** Whether there are other servers. */
  hasCluster = false;
  /** The time by the clock of the server. */
  time = 0;

  constructor() {
    find("search", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      this.#search();
    });
    this.#text.addEventListener("input", () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#search(), TYPING);
    });
    this.#newer.addEventListener("click", () => this.#turn(-1));
    this.#older.addEventListener("click", () => this.#turn(1));
  }

  /** Asks for the page that is shown once more. */
  async refresh(): Promise<void> {
    const asked = ++this.#asked;
    const text = this.#text.value.trim();
    try {
      const page = await fetchConnections(text, this.#offset);
      if (asked === this.#asked) this.#show(page, text);
    } catch (error) {
      showText(this.#found, (error as Error).message);
    }
  }

  #search(): void {
    clearTimeout(this.#typing);
    this.#offset = 0;
    void this.refresh();
  }

  #turn(by: 1 | -1): void {
    this.#offset = Math.max(0, this.#offset + by * this.#size);
    void this.refresh();
  }

  #show(page: ConnectionPage, text: string): void {
    const { count, rows, offset, size } = page;
    this.#size = size;
    if (rows.length === 0 && offset > 0) {
      // Those of this page have left.
      this.#offset = Math.floor(Math.max(0, count - 1) / size) * size;
      return void this.refresh();
    }
    this.#table.setEmpty(
      text === "" ? "Nobody is connected." : `Nothing here matches “${text}”.`,
    );
    this.#table.show(page, ({ id, since }) => `${id}\n${since}`);
    showText(
      this.#found,
      text === "" ? "" : `${formatCount(count, "match", "matches")}`,
    );
    this.#pager.hidden = count <= size;
    this.#newer.disabled = offset === 0;
    this.#older.disabled = offset + size >= count;
    showText(
      find("range", HTMLElement),
      `${formatNumber(offset + 1)}–${formatNumber(offset + rows.length)} of ${
        formatNumber(count)
      }`,
    );
    const isElsewhere = this.hasCluster && text !== "" && count === 0;
    this.#elsewhere.hidden = !isElsewhere;
    if (isElsewhere) {
      this.#elsewhere.dataset["opens"] = text;
      showText(this.#elsewhere, `Take “${text}” for an ID on another server`);
    }
  }
}

function makeCells(row: ConnectionRow, time: number) {
  const { id, address, since, namespaces, rooms } = row;
  const { received, queued, unsentBytes, isSlow } = row;
  return [
    { text: id, opens: id },
    { text: address, type: "wide" },
    { text: namespaces.map(formatName).join(", ") },
    { text: formatNumber(rooms), type: "number wide" },
    { text: formatNumber(received), type: "number wide" },
    { text: formatNumber(queued), type: "number wide" },
    {
      text: formatBytes(unsentBytes),
      type: isSlow ? "number wide bad" : "number wide",
    },
    { text: formatAge(time - since), type: "number" },
  ];
}
