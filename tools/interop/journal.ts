import { makeDeferred } from "../../neffos/internal.ts";

/** The log of one side; callers can wait for a line. */
export class Journal extends Array<string> {
  #waiting: { isSo: () => boolean; resolve: () => void }[] = [];

  /**
   * Appends lines.
   *
   * @param lines The lines.
   * @returns The number of lines now.
   */
  override push(...lines: string[]): number {
    const length = super.push(...lines);
    this.#waiting = this.#waiting.filter(({ isSo, resolve }) => {
      if (!isSo()) return true;
      resolve();
      return false;
    });
    return length;
  }

  /**
   * Waits until there are `count` lines.
   *
   * @param count The number of lines.
   */
  async grown(count: number): Promise<void> {
    await this.until(() => this.length >= count);
  }

  /**
   * Waits until `count` lines begin with a text.
   *
   * @param start The text, without the space after it.
   * @param count The number of lines.
   */
  async has(start: string, count = 1): Promise<void> {
    await this.until(() => {
      let found = 0;
      for (const line of this) if (line.startsWith(`${start} `)) found++;
      return found >= count;
    });
  }

  /**
   * Waits for something that the lines make true.
   *
   * @param isSo Whether it is so; asked again after each new line.
   */
  until(isSo: () => boolean): Promise<void> {
    if (isSo()) return Promise.resolve();
    const { promise, resolve } = makeDeferred<void>();
    this.#waiting.push({ isSo, resolve });
    return promise;
  }
}

/**
 * Waits for a promise, for a limited time.
 *
 * @param promise The promise.
 * @param ms The time limit, in milliseconds.
 * @param what Its name, for the error.
 * @returns Its value.
 * @throws {Error} When it does not settle in time.
 */
export async function within<T>(
  promise: Promise<T>,
  ms: number,
  what: string,
): Promise<T> {
  const late = makeDeferred<never>();
  const timer = setTimeout(
    () => late.reject(new Error(`${what} took more than ${ms} ms`)),
    ms,
  );
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
