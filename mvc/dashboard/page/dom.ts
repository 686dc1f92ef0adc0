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
 * Shows other children of an element. Those that are alike stay, and only their
 * texts change: a selection stays, and so does the place of a screen reader.
 *
 * @param parent The element.
 * @param children Its children.
 */
export function showChildren(parent: Element, children: readonly Node[]): void {
  const shown = [...parent.childNodes];
  children.forEach((child, at) => {
    const old = shown[at];
    if (old === undefined) parent.append(child);
    else if (!isAlike(old, child)) old.replaceWith(child);
    else if (child instanceof Element) {
      showChildren(old as Node as Element, [...child.childNodes]);
    } else showText(old, child.textContent ?? "");
  });
  for (const old of shown.slice(children.length)) old.remove();
}

function isAlike(one: Node, other: Node): boolean {
  return one.nodeName === other.nodeName &&
    (one as Element).className === (other as Element).className;
}

/**
 * Shows a text in an element, which is left alone if it shows it already: a
 * selection in it stays.
 *
 * @param node The element, or a text itself.
 * @param text The text.
 */
export function showText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}
