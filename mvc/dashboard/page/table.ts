/// <reference lib="dom" />
import type { Rows } from "../data.ts";
import { find, make, showText } from "./dom.ts";
import { formatNumber, formatShare } from "./format.ts";

/** What a cell of a table shows. */
export interface Cell {
  readonly text: string;
  /** Its classes: `number` for what is set to the right, `wide` for what a phone leaves out. */
  readonly type?: string;
  /** The ID of the connection that it opens. */
  readonly opens?: string;
  /** A share of 0 to 1, which is shown as a bar. */
  readonly share?: number;
}

/** A table whose rows stay where they are while their numbers change. */
export class Table<Row> {
  readonly #table: HTMLTableElement;
  readonly #body: HTMLTableSectionElement;
  readonly #empty: HTMLElement;
  readonly #more: HTMLElement | null;
  readonly #makeCells: (row: Row) => readonly Cell[];
  readonly #shown = new Map<string, HTMLTableRowElement>();

  /**
   * Fills a table of the page.
   *
   * @param id The ID of the table.
   * @param makeCells Makes the cells of a row.
   */
  constructor(id: string, makeCells: (row: Row) => readonly Cell[]) {
    this.#table = find(id, HTMLTableElement);
    this.#body = this.#table.tBodies[0]!;
    const card = this.#table.parentElement!;
    this.#empty = card.querySelector<HTMLElement>(".empty")!;
    this.#more = card.querySelector<HTMLElement>(".more");
    this.#makeCells = makeCells;
  }

  /**
   * Shows rows.
   *
   * @param rows The rows, and the number of all.
   * @param toKey Tells rows apart.
   */
  show({ rows, count }: Rows<Row>, toKey: (row: Row) => string): void {
    const wanted = new Map<string, Row>();
    for (const row of rows) {
      let key = toKey(row);
      // Connections may share an ID.
      while (wanted.has(key)) key += "\n";
      wanted.set(key, row);
    }
    for (const [key, element] of this.#shown) {
      if (wanted.has(key)) continue;
      element.remove();
      this.#shown.delete(key);
    }
    const focused = document.activeElement;
    let at = 0;
    for (const [key, row] of wanted) {
      const element = this.#shown.get(key) ?? make("tr", "");
      this.#shown.set(key, element);
      showCells(element, this.#makeCells(row));
      const next = this.#body.rows[at++];
      if (next !== element) this.#body.insertBefore(element, next ?? null);
    }
    // A row that was moved has lost it.
    if (focused instanceof HTMLElement && this.#body.contains(focused)) {
      focused.focus({ preventScroll: true });
    }
    this.#table.hidden = rows.length === 0;
    this.#empty.hidden = rows.length > 0;
    if (this.#more === null) return;
    const left = count - rows.length;
    showText(this.#more, left > 0 ? `and ${formatNumber(left)} more` : "");
  }

  /** Shows what is written in place of no rows. */
  setEmpty(text: string): void {
    showText(this.#empty, text);
  }
}

function showCells(row: HTMLTableRowElement, cells: readonly Cell[]): void {
  cells.forEach((cell, at) => {
    const element = row.cells[at] ?? row.insertCell();
    const { type = "", opens, share, text } = cell;
    if (element.className !== type) element.className = type;
    if (opens !== undefined) showButton(element, opens, text);
    else if (share !== undefined) showShare(element, share);
    else showText(element, text);
  });
}

function showButton(cell: HTMLElement, opens: string, text: string): void {
  let button = cell.querySelector("button");
  if (button === null) {
    button = make("button", "open", make("span", ""));
    button.type = "button";
    cell.replaceChildren(button);
  }
  button.dataset["opens"] = opens;
  showText(button.firstChild!, text);
}

function showShare(cell: HTMLElement, share: number): void {
  let bar = cell.querySelector("progress");
  if (bar === null) {
    bar = make("progress", "share");
    cell.replaceChildren(bar);
  }
  bar.value = share;
  bar.ariaLabel = `Share of the time: ${formatShare(share)}`;
  bar.title = formatShare(share);
}
