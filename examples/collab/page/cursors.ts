/// <reference lib="dom" />
import { hueOf } from "../../_shared/page/dom.ts";
import { makeShape } from "./drawing.ts";

/** How long a pen that rests is shown, in milliseconds. */
const PATIENCE = 8_000;

interface Shown {
  readonly shape: SVGGElement;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** The pens of the others, with their names. */
export class Cursors {
  readonly #parent: SVGGElement;
  readonly #shown = new Map<string, Shown>();

  /**
   * Makes none yet.
   *
   * @param parent Where they go.
   */
  constructor(parent: SVGGElement) {
    this.#parent = parent;
  }

  /** Shows a pen at a place. */
  show(id: string, name: string, [x, y]: readonly number[]): void {
    const shown = this.#shown.get(id) ?? this.#make(id, name);
    shown.shape.style.transform = `translate(${x}px, ${y}px)`;
    clearTimeout(shown.timer);
    shown.timer = setTimeout(() => this.remove(id), PATIENCE);
  }

  remove(id: string): void {
    this.#shown.get(id)?.shape.remove();
    this.#shown.delete(id);
  }

  /** Removes those of people who have gone. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#shown.keys()) {
      if (!ids.has(id)) this.remove(id);
    }
  }

  #make(id: string, name: string): Shown {
    const label = makeShape("text", { x: "26", y: "46" });
    label.textContent = name;
    const arrow = makeShape("path", { d: "M0 0L10 34L18 22L32 20Z" });
    const shape = makeShape("g", { class: "cursor" });
    shape.style.setProperty("--hue", String(hueOf(name)));
    shape.append(arrow, label);
    this.#parent.append(shape);
    const shown: Shown = { shape, timer: undefined };
    this.#shown.set(id, shown);
    return shown;
  }
}
