/** A line on a board, or the next part of one. */
export interface Stroke {
  /** Chosen by the page that draws it. */
  readonly id: string;
  /** The number of the pen, from 0 to 4. */
  readonly pen: number;
  /** How many numbers of the stroke come before `points`. */
  readonly from: number;
  /** x and y in turns, on a board of 1,600 by 1,000. */
  readonly points: readonly number[];
}

/** The most boards, strokes of a board and numbers of a stroke that are kept. */
const LIMIT = { boards: 100, strokes: 1_000, points: 4_000 };

/** A service, of which the application makes one: what has been drawn. */
export class Boards {
  readonly #boards = new Map<string, Map<string, Stroke>>();
  readonly #authors = new WeakMap<Stroke, string>();

  /** Lists the strokes of a board, the oldest first. */
  list(board: string): readonly Stroke[] {
    return [...this.#boards.get(board)?.values() ?? []];
  }

  /** Draws a part of a stroke; returns whether there is something new to see. */
  draw(board: string, author: string, part: Stroke): boolean {
    const strokes = this.#boards.get(board) ?? new Map<string, Stroke>();
    const { points: known } = strokes.get(part.id) ?? { points: [] };
    // A part that comes twice counts once.
    const points = [...known, ...part.points.slice(known.length - part.from)];
    const isNew = known.length >= part.from && points.length > known.length;
    const isFull = points.length > LIMIT.points;
    if (!isNew || isFull || !this.#owns(board, author, part.id)) return false;
    const stroke = { ...part, from: 0, points };
    this.#authors.set(stroke, author);
    keepNewest(strokes.set(part.id, stroke), LIMIT.strokes);
    keepNewest(this.#boards.set(board, strokes), LIMIT.boards);
    return true;
  }

  /** Removes a stroke of this author. */
  undo(board: string, author: string, id: string): boolean {
    return this.#owns(board, author, id) &&
      this.#boards.get(board)?.delete(id) === true;
  }

  clear(board: string): void {
    this.#boards.delete(board);
  }

  #owns(board: string, author: string, id: string): boolean {
    const stroke = this.#boards.get(board)?.get(id);
    return stroke === undefined || this.#authors.get(stroke) === author;
  }
}

function keepNewest(map: Map<string, unknown>, count: number): void {
  const [oldest] = map.keys();
  if (map.size > count) map.delete(oldest!);
}
