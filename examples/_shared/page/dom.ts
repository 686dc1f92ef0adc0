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

/**
 * Makes a list show some elements, and leaves alone those that it shows
 * already: they keep the focus, and are not read out again.
 *
 * @param parent The list.
 * @param children Its elements.
 */
export function showChildren(
  parent: HTMLElement,
  children: readonly HTMLElement[],
): void {
  for (const child of [...parent.children]) {
    if (!children.some((wanted) => wanted === child)) child.remove();
  }
  children.forEach((child, index) => {
    const next = parent.children[index];
    if (next !== child) parent.insertBefore(child, next ?? null);
  });
}

/**
 * Makes the links in a text links. Only what begins with http: or https: is
 * one, so that no text can run anything.
 *
 * @param text The text.
 * @returns The parts of the text, in order.
 */
export function linkify(text: string): (string | HTMLAnchorElement)[] {
  return text.split(/(https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]}])/i)
    .map((part, index) => {
      if (index % 2 === 0 || !URL.canParse(part)) return part;
      const link = make("a", "", part);
      link.href = part;
      link.target = "_blank";
      link.rel = "noopener noreferrer nofollow";
      return link;
    });
}

/**
 * Makes the picture of a person: a letter in a colour of the name's own.
 *
 * @param name The name.
 * @returns The picture, which screen readers pass over.
 */
export function makeAvatar(name: string): HTMLElement {
  const avatar = make("span", "avatar", [...name][0]?.toUpperCase() ?? "");
  avatar.style.setProperty("--hue", String(hueOf(name)));
  avatar.ariaHidden = "true";
  return avatar;
}

/**
 * Chooses the colour of a name.
 *
 * @param name The name.
 * @returns The hue, from 0 to 359.
 */
export function hueOf(name: string): number {
  let hue = 0;
  for (const char of name) hue = (hue * 31 + char.codePointAt(0)!) % 360;
  return hue;
}
