/// <reference lib="dom" />

/** The size of the board, in its own units. */
const WIDTH = 1_600;
const HEIGHT = 1_000;
/** The way of one press of an arrow key. */
const STEP = 20;

const ARROWS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-STEP, 0],
  ArrowRight: [STEP, 0],
  ArrowUp: [0, -STEP],
  ArrowDown: [0, STEP],
};

/** What a pen does. */
export interface PenEvents {
  /** It is put down. */
  onDown(x: number, y: number): void;
  /** It moves, also above the board. */
  onMove(x: number, y: number, isDown: boolean): void;
  /** It is lifted. */
  onUp(): void;
}

/**
 * Makes a pen of whatever points at the board, or of its keys.
 *
 * @param board The board.
 * @param events What the pen does.
 */
export function watchPen(board: SVGSVGElement, events: PenEvents): void {
  let place: readonly [x: number, y: number] = [WIDTH / 2, HEIGHT / 2];
  let isDown = false;

  function move(x: number, y: number): void {
    place = [clamp(x, WIDTH), clamp(y, HEIGHT)];
    events.onMove(...place, isDown);
  }

  function moveTo({ clientX, clientY }: PointerEvent): void {
    const matrix = board.getScreenCTM()!.inverse();
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(matrix);
    move(x, y);
  }

  function put(down: boolean): void {
    if (isDown === down) return;
    isDown = down;
    if (down) events.onDown(...place);
    else events.onUp();
  }

  board.onpointerdown = (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    board.setPointerCapture(event.pointerId);
    moveTo(event);
    put(true);
  };
  board.onpointermove = (event) => {
    if (!event.isPrimary) return;
    const all = event.getCoalescedEvents?.() ?? [];
    for (const each of isDown && all.length > 0 ? all : [event]) moveTo(each);
  };
  board.onpointerup = board.onpointercancel = () => put(false);
  board.onblur = () => put(false);
  board.onkeydown = (event) => {
    const [x, y] = ARROWS[event.key] ?? [];
    if (event.key === " ") put(!isDown);
    else if (x !== undefined && y !== undefined) {
      move(place[0] + x, place[1] + y);
    } else return;
    event.preventDefault();
  };
}

function clamp(value: number, max: number): number {
  return Math.round(Math.min(Math.max(value, 0), max));
}
