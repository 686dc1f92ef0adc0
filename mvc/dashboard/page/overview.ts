/// <reference lib="dom" />
import type { Point, Snapshot } from "../data.ts";
import { Chart } from "./chart.ts";
import { find, make, showText } from "./dom.ts";
import {
  formatBytes,
  formatCount,
  formatMillis,
  formatNumber,
} from "./format.ts";

/** The time that the charts go back at most, in milliseconds. */
const KEPT = 300_000;

/** One number with its chart. */
interface TileOptions {
  readonly title: string;
  readonly line: (point: Point) => number | null;
  readonly value: (sample: Snapshot) => string;
  readonly note: (sample: Snapshot) => string;
  readonly isBad?: (sample: Snapshot) => boolean;
}

const TILES: readonly TileOptions[] = [
  {
    title: "Connections",
    line: ({ connections }) => connections,
    value: ({ point }) => formatNumber(point.connections),
    note: ({ accepted }) => `${formatNumber(accepted)} accepted in total`,
  },
  {
    title: "Messages in",
    line: ({ messagesIn }) => messagesIn,
    value: ({ point }) => `${formatNumber(point.messagesIn)}/s`,
    note: ({ point }) => `${formatBytes(point.bytesIn)}/s`,
  },
  {
    title: "Messages out",
    line: ({ messagesOut }) => messagesOut,
    value: ({ point }) => `${formatNumber(point.messagesOut)}/s`,
    note: ({ point }) => `${formatBytes(point.bytesOut)}/s`,
  },
  {
    title: "Rooms",
    line: ({ rooms }) => rooms,
    value: ({ point }) => formatNumber(point.rooms),
    note: ({ point }) => `in ${formatCount(point.namespaces, "namespace")}`,
  },
  {
    title: "Waiting messages",
    line: ({ queued }) => queued,
    value: ({ point }) => formatNumber(point.queued),
    note: ({ point }) => `${formatCount(point.pending, "handler")} running`,
  },
  {
    title: "Event loop delay",
    line: ({ delay }) => delay,
    value: ({ point }) => formatMillis(point.delay),
    note: () => "how late a timer is",
    isBad: ({ point }) => (point.delay ?? 0) > 200,
  },
  {
    title: "Faults",
    line: ({ errors }) => errors,
    value: ({ errors }) => formatNumber(errors),
    note: ({ point }) => `${formatNumber(point.errors)}/s now`,
    isBad: ({ point, faults }) =>
      point.time - (faults.rows[0]?.last ?? 0) < 60_000,
  },
  {
    title: "Slow consumers",
    line: ({ slow }) => slow,
    value: ({ slow }) => formatNumber(slow.count),
    note: ({ counters }) => {
      const closed = counters.find(({ name }) => name === "maxBuffered");
      return `${formatNumber(closed?.total ?? 0)} closed for it`;
    },
    isBad: ({ slow }) => slow.count > 0,
  },
];

/** The numbers and charts at the top of the page. */
export class Overview {
  #points: Point[] = [];
  readonly #tiles = TILES.map(makeTile);
  readonly #traffic = new Chart(find("traffic", HTMLElement), {
    label: "Messages a second, in and out",
    lines: [({ messagesIn }) => messagesIn, ({ messagesOut }) => messagesOut],
    hasLabels: true,
  });

  constructor() {
    find("tiles", HTMLElement).append(
      ...this.#tiles.map(({ element }) => element),
    );
  }

  /** Begins with the points that the server has. */
  setPoints(points: readonly Point[]): void {
    this.#points = [...points];
  }

  /** Shows a sample. */
  show(sample: Snapshot): void {
    const { point } = sample;
    // A clock that was set back makes points of the future.
    const kept = this.#points.filter(({ time }) =>
      time > point.time - KEPT && time < point.time
    );
    this.#points = [...kept, point];
    for (const tile of this.#tiles) tile.show(sample, this.#points);
    this.#traffic.draw(this.#points);
    showText(
      find("legend-in", HTMLElement),
      `${formatNumber(point.messagesIn)}/s`,
    );
    showText(
      find("legend-out", HTMLElement),
      `${formatNumber(point.messagesOut)}/s`,
    );
  }
}

function makeTile({ title, line, value, note, isBad }: TileOptions) {
  const number = make("p", "value", "–");
  const remark = make("p", "faint", "\u00a0");
  const box = make("div", "chart");
  const element = make(
    "article",
    "tile",
    make("h2", "", title),
    number,
    remark,
    box,
  );
  const chart = new Chart(box, { label: title, lines: [line] });
  return {
    element,
    show(sample: Snapshot, points: readonly Point[]) {
      showText(number, value(sample));
      showText(remark, note(sample));
      element.classList.toggle("bad", isBad?.(sample) ?? false);
      chart.draw(points);
    },
  };
}
