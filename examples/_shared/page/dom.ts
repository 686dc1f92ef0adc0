/// <reference lib="dom" />

/**
 * Finds an element of the page.
 *
 * @param id Its ID.
 * @param type Its class.
 * @returns The element.
 */
export function find<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`Cannot find #${id}: the page has no such ${type.name}`);
}

/**
 * Makes an element. Strings become text, never markup, so that nobody can put
 * anything else than text into somebody else's page.
 *
 * @param tag The name of the element.
 * @param className Its class.
 * @param children What is in it.
 * @returns The element.
 */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: (string | Node)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children);
  return element;
}
