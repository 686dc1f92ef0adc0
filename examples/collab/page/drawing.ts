/// <reference lib="dom" />
import type { Stroke } from "../boards.ts";

const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element of a picture.
 *
 * @param tag Its name.
 * @param attributes Its attributes.
 * @returns The element.
 */
export function makeShape<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string>,
): SVGElementTagNameMap[K] {
  const shape = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    shape.setAttribute(name, value);
  }
  return shape;
}

/** What is on the board, as paths of a picture. */
export class Drawing {
  readonly #parent: SVGGElement;
  readonly #strokes = new Map<string, Stroke>();
  readonly #paths = new Map<string, SVGPathElement>();

  /**
   * Makes an empty one.
   *
   * @param parent Where the paths go.
   */
  constructor(parent: SVGGElement) {
    this.#parent = parent;
  }

  get size(): number {
    return this.#strokes.size;
  }

  find(id: string): Stroke | undefined {
    return this.#strokes.get(id);
  }

  /** Draws a part of a stroke; what it has of it already counts once. */
  draw({ id, pen, from, points: added }: Stroke): void {
    const { points: known } = this.#strokes.get(id) ?? { points: [] };
    if (from > known.length) return;
    const points = [...known, ...added.slice(known.length - from)];
    this.#strokes.set(id, { id, pen, from: 0, points });
    const path = this.#paths.get(id) ??
      makeShape("path", { class: `pen-${pen}` });
    path.setAttribute("d", toPath(points));
    if (!this.#paths.has(id)) this.#parent.append(path);
    this.#paths.set(id, path);
  }

  remove(id: string): void {
    this.#paths.get(id)?.remove();
    this.#paths.delete(id);
    this.#strokes.delete(id);
  }

  /** Shows these strokes and no others. */
  replace(strokes: readonly Stroke[]): void {
    this.clear();
    for (const stroke of strokes) this.draw(stroke);
  }

  clear(): void {
    for (const id of this.#strokes.keys()) this.remove(id);
  }
}

/** Makes curves of the lines between points: each ends in the middle of a line. */
function toPath(points: readonly number[]): string {
  const [x, y] = points;
  let path = `M${x} ${y}`;
  let end = `L${x} ${y}`;
  for (let at = 0; at + 3 < points.length; at += 2) {
    const [x1, y1, x2, y2] = points.slice(at, at + 4) as [
      number,
      number,
      number,
      number,
    ];
    path += `Q${x1} ${y1} ${(x1 + x2) / 2} ${(y1 + y2) / 2}`;
    end = `L${x2} ${y2}`;
  }
  return path + end;
}
