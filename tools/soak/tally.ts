/** What some connections have sent and received, counted. */
export interface Tally {
  sent: number;
  received: number;
  /** What was sent and has never come. */
  lost: number;
  /** What came twice, or was never sent. */
  duplicated: number;
  /** What came later than what was sent after it. */
  disordered: number;
  /** Connections that the other side has ended. */
  dropped: number;
}

export function makeTally(): Tally {
  return {
    sent: 0,
    received: 0,
    lost: 0,
    duplicated: 0,
    disordered: 0,
    dropped: 0,
  };
}

export function addTally(sum: Tally, other: Tally): void {
  for (const key of Object.keys(sum) as (keyof Tally)[]) sum[key] += other[key];
}

/** Checks that numbers come one after another, each once. */
export class Sequence {
  readonly #missing = new Set<number>();
  #next = 0;

  /** Takes a number; says whether it has come for the first time. */
  accept(number: number, tally: Tally): boolean {
    if (number >= this.#next) {
      while (this.#next < number) this.#missing.add(this.#next++);
      this.#next++;
      return true;
    }
    if (this.#missing.delete(number)) {
      tally.disordered++;
      return true;
    }
    tally.duplicated++;
    return false;
  }

  /** How many of so many have not come. */
  countLost(sent: number): number {
    return this.#missing.size + sent - this.#next;
  }
}

/** Checks that what is sent comes back in the same order, each once. */
export class Pending {
  readonly #sentAt = new Map<string, number>();

  has(frame: string): boolean {
    return this.#sentAt.has(frame);
  }

  add(frame: string, now: number): void {
    this.#sentAt.set(frame, now);
  }

  /** Takes what has come back; says when it was sent. */
  accept(frame: string, tally: Tally): number | undefined {
    const sentAt = this.#sentAt.get(frame);
    if (sentAt === undefined) {
      tally.duplicated++;
      return undefined;
    }
    if (this.#sentAt.keys().next().value !== frame) tally.disordered++;
    this.#sentAt.delete(frame);
    return sentAt;
  }
}
