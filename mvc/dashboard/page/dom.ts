/// <reference lib="dom" />

/**
 * Finds an element of the page.
 *
 * @param id Its ID.
 * @param type Its class.
 * @returns The element.
 */
export function find<T extends Element>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`Cannot find #${id}: the page has no such ${type.name}`);
}

/**
 * Makes an element. Strings become text, never markup.
 *
 * @param tag The name of the element.
 * @param className Its classes.
 * @param children What is in it.
 * @returns The element.
 */
export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: readonly (string | Node)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = className;
  element.append(...children);
  return element;
}

/**
 * Shows a text in an element, which is left alone if it shows it already: a
 * selection in it stays.
 *
 * @param element The element.
 * @param text The text.
 */
export function showText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
