/**
 * What most connections have nothing in most of the time: a Map that takes no
 * memory while it is empty. An empty Map of V8 has room for four.
 */
export class SparseMap<Key, Value> {
  #map: Map<Key, Value> | undefined;

  /** Whether there is something under a key. */
  has(key: Key): boolean {
    return this.#map !== undefined && this.#map.has(key);
  }

  /** What is under a key. */
  get(key: Key): Value | undefined {
    return this.#map?.get(key);
  }

  /** Puts something under a key. */
  set(key: Key, value: Value): void {
    (this.#map ??= new Map()).set(key, value);
  }

  /** Takes away what is under a key; says whether something was. */
  delete(key: Key): boolean {
    const isDeleted = this.#map !== undefined && this.#map.delete(key);
    if (isDeleted && this.#map!.size === 0) this.#map = undefined;
    return isDeleted;
  }

  /** The keys, as they are now. */
  keys(): Key[] {
    return this.#map === undefined ? [] : [...this.#map.keys()];
  }

  /** The values, as they are now. */
  values(): Value[] {
    return this.#map === undefined ? [] : [...this.#map.values()];
  }
}
