/**
 * A map that has one entry for most of its time, and takes 48 bytes with it,
 * where a Map takes 216.
 */
export class SmallMap<Key, Value extends object> {
  #key: Key | undefined;
  /** The value of the only entry. */
  #value: Value | undefined;
  /** All entries, once there were two. */
  #all: Map<Key, Value> | undefined;

  /** A snapshot of the values, in the order of their entries. */
  get values(): Value[] {
    if (this.#all) return [...this.#all.values()];
    return this.#value ? [this.#value] : [];
  }

  get(key: Key): Value | undefined {
    if (this.#all) return this.#all.get(key);
    return this.#key === key ? this.#value : undefined;
  }

  set(key: Key, value: Value): void {
    if (!this.#all && this.#value && this.#key !== key) {
      this.#all = new Map([[this.#key!, this.#value]]);
      this.#value = undefined;
    }
    if (this.#all) this.#all.set(key, value);
    else {
      this.#key = key;
      this.#value = value;
    }
  }

  delete(key: Key): void {
    if (this.#all) {
      this.#all.delete(key);
      if (this.#all.size === 0) this.#all = undefined;
    } else if (this.#key === key) this.#value = undefined;
  }
}
