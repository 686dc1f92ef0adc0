/**
 * What a terminal shows: the few escape sequences that `node:readline` and the
 * command line write, on rows without end.
 */
export class Screen {
  readonly #columns: number;
  readonly #rows: string[][] = [[]];
  #row = 0;
  #column = 0;
  /** Whether a row that is full goes on in the next one. */
  #wraps = true;
  /** An escape sequence that has not ended yet. */
  #rest = "";

  constructor(columns: number) {
    this.#columns = columns;
  }

  /** What it shows, without spaces at the ends of lines. */
  get text(): string {
    return this.#rows.map((row) =>
      Array.from(row, (char) => char ?? " ").join("").trimEnd()
    ).join("\n");
  }

  /** Where the cursor is. */
  get cursor(): { row: number; column: number } {
    return { row: this.#row, column: this.#column };
  }

  /** Draws what was written. */
  write(text: string): void {
    const all = this.#rest + text;
    this.#rest = "";
    for (const [part] of all.matchAll(PARTS)) {
      if (BEGUN.test(part)) this.#rest = part;
      else if (part.startsWith("\x1b")) this.#control(part);
      else this.#put(part);
    }
  }

  #put(char: string): void {
    switch (char) {
      case "\r":
        this.#column = 0;
        return;
      case "\n":
        this.#moveTo(this.#row + 1);
        return;
      case "\b":
        this.#column = Math.max(0, this.#column - 1);
        return;
      case "\x07":
        return;
    }
    if (this.#column >= this.#columns && !this.#wraps) {
      this.#column = this.#columns - 1;
    } else if (this.#column >= this.#columns) {
      this.#moveTo(this.#row + 1);
      this.#column = 0;
    }
    this.#rows[this.#row]![this.#column++] = char;
  }

  #moveTo(row: number): void {
    this.#row = Math.max(0, row);
    while (this.#rows.length <= this.#row) this.#rows.push([]);
  }

  #control(sequence: string): void {
    const [, first = "", kind] = WHOLE.exec(sequence) ?? [];
    const count = first === "" ? 1 : Number(first);
    switch (kind) {
      case "A":
        return this.#moveTo(this.#row - count);
      case "B":
        return this.#moveTo(this.#row + count);
      case "C":
        this.#column = Math.min(this.#columns, this.#column + count);
        return;
      case "D":
        this.#column = Math.max(0, this.#column - count);
        return;
      case "G":
        this.#column = count - 1;
        return;
      case "J":
        this.#rows.length = this.#row + 1;
        this.#clearRow();
        return;
      case "K":
        this.#clearRow();
        return;
      case "h":
      case "l":
        // The other modes are those of the keyboard.
        if (first === "7") this.#wraps = kind === "h";
        return;
      // Colours.
      case "m":
        return;
    }
    throw new Error(`The screen does not know ${JSON.stringify(sequence)}`);
  }

  /** Removes what is right of the cursor. */
  #clearRow(): void {
    const row = this.#rows[this.#row]!;
    row.length = Math.min(row.length, this.#column);
  }
}

/** The escape sequences, and single characters. */
const PARTS = new RegExp("\x1b\\[[\\d;?]*[A-Za-z]?|\x1b[^[]?|[^]", "gu");
const BEGUN = new RegExp("^\x1b(\\[[\\d;?]*)?$");
const WHOLE = new RegExp("^\x1b\\[\\??(\\d*)[\\d;]*([A-Za-z])$");
