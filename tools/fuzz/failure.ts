/** An invariant does not hold. */
export class FuzzFailure extends Error {
  override name = "FuzzFailure";
}

const KEPT = 60;
const SHOWN = 200;

/** The last events of a round, and its first failure. */
export class Log {
  readonly #lines: string[] = [];
  #next = 0;
  #digest = 0x811c9dc5;
  failure: string | undefined;

  /** A hash by which two runs can be compared. */
  get digest(): number {
    return this.#digest >>> 0;
  }

  /** The kept lines, oldest first. */
  get lines(): string[] {
    return [
      ...this.#lines.slice(this.#next),
      ...this.#lines.slice(0, this.#next),
    ];
  }

  /** Keeps a line; the mark is the part that is the same in each run. */
  add(line: string, mark: number): void {
    this.#lines[this.#next] = line.length > SHOWN
      ? `${line.slice(0, SHOWN)}… (${line.length})`
      : line;
    this.#next = (this.#next + 1) % KEPT;
    this.#digest = Math.imul(this.#digest ^ mark, 0x01000193);
  }

  /** Keeps the first failure; the driver ends the round when it sees one. */
  fail(failure: string): void {
    if (this.failure !== undefined) return;
    this.failure = failure;
    this.add(`FAILED ${failure}`, 0);
  }
}
