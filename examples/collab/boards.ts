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

/**
 * What is kept at most: boards, and of each its strokes and the numbers in all of
 * them and in one. Who comes later gets all of a board in one message.
 */
const LIMIT = { boards: 100, strokes: 1_000, numbers: 200_000, points: 4_000 };
/** The most IDs of removed strokes that are remembered. */
const MAX_REMOVED = 10_000;

type Board = Map<string, { readonly stroke: Stroke; readonly author: string }>;

/** A service, of which the application makes one: what has been drawn. */
export class Boards {
  /** The boards, the one that was drawn on last at the end. */
  readonly #boards = new Map<string, Board>();
  readonly #removed = new Set<string>();

  /** Lists the strokes of a board, the oldest first. */
  list(board: string): readonly Stroke[] {
    const strokes = this.#boards.get(board)?.values() ?? [];
    return Array.from(strokes, ({ stroke }) => stroke);
  }

  /**
   * Draws a part of a stroke.
   *
   * @returns The IDs of the strokes that had to make room for it; `undefined` if
   * there is nothing new to see.
   */
  draw(board: string, author: string, part: Stroke): string[] | undefined {
    const strokes: Board = this.#boards.get(board) ?? new Map();
    const old = strokes.get(part.id);
    const known = old?.stroke.points ?? [];
    const isOwn = old === undefined || old.author === author;
    if (!isOwn || part.from > known.length) return undefined;
    // A part that comes twice counts once.
    const points = [...known, ...part.points.slice(known.length - part.from)];
    const isNew = points.length > known.length;
    if (!isNew || points.length > LIMIT.points) return undefined;
    strokes.set(part.id, { author, stroke: { ...part, from: 0, points } });
    this.#boards.delete(board);
    this.#boards.set(board, strokes);
    const [oldest] = this.#boards.keys();
    if (this.#boards.size > LIMIT.boards) this.#boards.delete(oldest!);
    return this.#makeRoom(strokes);
  }

  /** Removes a stroke of this author. */
  undo(board: string, author: string, id: string): boolean {
    const strokes = this.#boards.get(board);
    if (strokes?.get(id)?.author !== author) return false;
    this.#remove(strokes, id);
    return true;
  }

  clear(board: string): void {
    const strokes: Board = this.#boards.get(board) ?? new Map();
    for (const id of strokes.keys()) this.#remove(strokes, id);
  }

  /** Whether a stroke was removed, which a page that was away may not know. */
  hasRemoved(id: string): boolean {
    return this.#removed.has(id);
  }

  #remove(strokes: Board, id: string): void {
    strokes.delete(id);
    this.#removed.add(id);
    const [oldest] = this.#removed;
    if (this.#removed.size > MAX_REMOVED) this.#removed.delete(oldest!);
  }

  /** Removes the oldest strokes of a board that has too many; returns their IDs. */
  #makeRoom(strokes: Board): string[] {
    const removed: string[] = [];
    let numbers = 0;
    for (const { stroke } of strokes.values()) numbers += stroke.points.length;
    for (const [id, { stroke }] of strokes) {
      if (strokes.size <= LIMIT.strokes && numbers <= LIMIT.numbers) break;
      this.#remove(strokes, id);
      numbers -= stroke.points.length;
      removed.push(id);
    }
    return removed;
  }
}
