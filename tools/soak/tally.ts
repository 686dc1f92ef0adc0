/** Counts what some connections have sent and received. */
export interface Tally {
  sent: number;
  received: number;
  /** The messages that were sent and never arrived. */
  lost: number;
  /** The messages that arrived twice, or were never sent. */
  duplicated: number;
  /** The messages that arrived after later ones. */
  disordered: number;
  /** The connections that the other side has ended. */
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

/** Checks that numbers arrive in order, each once. */
export class Sequence {
  readonly #missing = new Set<number>();
  #next = 0;

  /** Takes a number; returns whether this is its first arrival. */
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

  /** Counts the numbers up to a total that have not arrived. */
  countLost(sent: number): number {
    return this.#missing.size + sent - this.#next;
  }
}

/** Checks that messages come back in the order they were sent, each once. */
export class Pending {
  readonly #sentAt = new Map<string, number>();

  has(frame: string): boolean {
    return this.#sentAt.has(frame);
  }

  add(frame: string, now: number): void {
    this.#sentAt.set(frame, now);
  }

  /** Takes a message that has come back; returns when it was sent. */
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
