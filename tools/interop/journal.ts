/** What one side has seen, line by line; others can wait for a line. */
export class Journal extends Array<string> {
  #waiting: { isSo: () => boolean; resolve: () => void }[] = [];

  /**
   * Writes lines down.
   *
   * @param lines The lines.
   * @returns How many there are now.
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
   * Waits until there are so many lines.
   *
   * @param count How many.
   */
  async grown(count: number): Promise<void> {
    await this.#until(() => this.length >= count);
  }

  /**
   * Waits until so many lines have a start.
   *
   * @param start The start, without the space after it.
   * @param count How many.
   */
  async has(start: string, count = 1): Promise<void> {
    await this.#until(() => {
      let found = 0;
      for (const line of this) if (line.startsWith(`${start} `)) found++;
      return found >= count;
    });
  }

  #until(isSo: () => boolean): Promise<void> {
    if (isSo()) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ isSo, resolve });
    return promise;
  }
}

/**
 * Waits for something, but not for ever.
 *
 * @param promise What is waited for.
 * @param ms How long, in milliseconds.
 * @param what What to call it when it does not come.
 * @returns What it gives.
 * @throws {Error} When it does not come in time.
 */
export async function within<T>(
  promise: Promise<T>,
  ms: number,
  what: string,
): Promise<T> {
  const late = Promise.withResolvers<never>();
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
