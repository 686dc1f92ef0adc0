/// <reference lib="dom" />
import type { Point } from "../data.ts";
import { make, showText } from "./dom.ts";
import { formatNumber, formatSpan } from "./format.ts";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 600;
const HEIGHT = 100;

/** The time that a chart spans at least and at most, in milliseconds. */
const SPAN = { least: 60_000, most: 300_000 };

/** After such a pause, nobody has looked meanwhile: the line is broken. */
const PAUSE = 3_500;

/** What a line of a chart shows. */
type Reader = (point: Point) => number | null;

/** Options of a {@linkcode Chart}. */
export interface ChartOptions {
  /** What it shows, for screen readers. */
  readonly label: string;
  /** What its lines show. */
  readonly lines: readonly Reader[];
  /** Whether the values and times of its edges are written. */
  readonly hasLabels?: boolean;
}

/** A line of a chart, with the area below it. */
interface Line {
  readonly read: Reader;
  readonly line: SVGElement;
  readonly area: SVGElement;
}

/** A chart of the last minutes. */
export class Chart {
  readonly #svg: SVGElement;
  readonly #label: string;
  readonly #lines: readonly Line[];
  readonly #edges = new Map<string, HTMLElement>();

  /**
   * Makes a chart.
   *
   * @param parent The element that it is in, which has its size.
   */
  constructor(parent: HTMLElement, options: ChartOptions) {
    const { label, lines, hasLabels = false } = options;
    this.#label = label;
    const svg = this.#svg = makeShape("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": label,
    });
    if (hasLabels) svg.append(makeRule(1), makeRule(HEIGHT / 2));
    this.#lines = lines.map((read, at) => {
      const suffix = at === 0 ? "" : " second";
      const area = makeShape("path", { class: `area${suffix}` });
      const line = makeShape("path", { class: `line${suffix}` });
      svg.append(area, line);
      return { read, line, area };
    });
    parent.append(svg);
    if (!hasLabels) return;
    for (const edge of ["top", "middle", "start", "end"]) {
      const element = make("span", `label ${edge}`);
      // The label of the image says the same.
      element.ariaHidden = "true";
      this.#edges.set(edge, element);
      parent.append(element);
    }
  }

  /** Draws the points. */
  draw(points: readonly Point[]): void {
    const last = points.at(-1)?.time ?? 0;
    const all = last - (points[0]?.time ?? last);
    const span = Math.min(Math.max(all, SPAN.least), SPAN.most);
    const shown = points.filter(({ time }) => time >= last - span);
    const values = shown.flatMap((point) =>
      this.#lines.map(({ read }) => read(point) ?? 0)
    );
    const top = roundUp(Math.max(...values, 0));
    const toX = (time: number) => (1 - (last - time) / span) * WIDTH;
    const toY = (value: number) => HEIGHT - value / top * (HEIGHT - 4);
    for (const { read, line, area } of this.#lines) {
      const parts = splitLine(shown, read).map((part) =>
        part.map(([time, value]) => [toX(time), toY(value)] as const)
      );
      line.setAttribute("d", parts.map(drawLine).join(""));
      area.setAttribute("d", parts.map(drawArea).join(""));
    }
    this.#svg.setAttribute(
      "aria-label",
      `${this.#label}: at most ${
        formatNumber(Math.max(...values, 0))
      } in the last ${formatSpan(span)}`,
    );
    this.#showEdge("top", formatNumber(top));
    this.#showEdge("middle", formatNumber(top / 2));
    this.#showEdge("start", `${formatSpan(span)} ago`);
    this.#showEdge("end", "now");
  }

  #showEdge(edge: string, text: string): void {
    const element = this.#edges.get(edge);
    if (element !== undefined) showText(element, text);
  }
}

function makeShape(
  name: string,
  attributes: Readonly<Record<string, string>>,
): SVGElement {
  const element = document.createElementNS(SVG, name) as SVGElement;
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, value);
  }
  return element;
}

function makeRule(y: number): SVGElement {
  return makeShape("path", { class: "grid", d: `M0 ${y}H${WIDTH}` });
}

/** The next larger of 1, 2, 5, 10, 20, … */
function roundUp(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].find((step) => step * power >= value)! * power;
}

/** Splits a line where there is no value, or nobody has looked. */
function splitLine(
  points: readonly Point[],
  read: Reader,
): (readonly [time: number, value: number])[][] {
  const parts: [number, number][][] = [];
  let before = -Infinity;
  for (const point of points) {
    const value = read(point);
    if (value !== null) {
      if (point.time - before > PAUSE) parts.push([]);
      parts.at(-1)!.push([point.time, value]);
      before = point.time;
    }
  }
  return parts;
}

type Place = readonly [x: number, y: number];

function drawLine(places: readonly Place[]): string {
  const path = places.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`);
  return `M${path.join("L")}`;
}

function drawArea(places: readonly Place[]): string {
  const [first, last] = [places[0]!, places.at(-1)!];
  return `${drawLine(places)}L${last[0].toFixed(1)} ${HEIGHT}H${
    first[0].toFixed(1)
  }Z`;
}
