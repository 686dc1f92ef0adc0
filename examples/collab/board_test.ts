import { assertEquals, assertRejects } from "@std/assert";
import {
  Application,
  denoUpgrader,
  EventError,
  Router,
  Server,
} from "@neffos/mvc";
import { connectTest } from "@neffos/mvc/testing";
import { BoardController } from "./board_controller.ts";
import { Boards } from "./boards.ts";

const LINE = [0, 0, 10, 10];

function makeServer(): Server {
  const app = new Application(new Router()).singleton(Boards);
  app.handleWebsocket(BoardController);
  return new Server(denoUpgrader(), app);
}

/** Draws a stroke of a board at once. */
function draw(boards: Boards, board: string, id: string, points = LINE) {
  return boards.draw(board, "ann", { id, pen: 0, from: 0, points });
}

Deno.test("Boards counts a part that comes twice once, and takes none too early", () => {
  const boards = new Boards();
  const part = { id: "s", pen: 0, from: 2, points: [3, 4, 5, 6] };
  assertEquals(boards.draw("b", "ann", part), undefined);
  assertEquals(draw(boards, "b", "s", [1, 2, 3, 4]), []);
  assertEquals(boards.draw("b", "ann", part), []);
  assertEquals(boards.draw("b", "ann", part), undefined);
  assertEquals(boards.list("b"), [{
    id: "s",
    pen: 0,
    from: 0,
    points: [1, 2, 3, 4, 5, 6],
  }]);
});

Deno.test("Boards lets nobody draw on or take back a stroke of somebody else", () => {
  const boards = new Boards();
  draw(boards, "b", "s");
  const part = { id: "s", pen: 0, from: 4, points: LINE };
  assertEquals(boards.draw("b", "eve", part), undefined);
  assertEquals(boards.undo("b", "eve", "s"), false);
  assertEquals(boards.undo("b", "ann", "s"), true);
  assertEquals(boards.list("b"), []);
});

Deno.test("Boards forgets the board that nobody has drawn on for longest", () => {
  const boards = new Boards();
  for (let i = 0; i < 150; i++) {
    draw(boards, "in use", `${i}`);
    draw(boards, `board ${i}`, "s");
  }
  assertEquals(boards.list("in use").length, 150);
  assertEquals(boards.list("board 50"), []);
  assertEquals(boards.list("board 51").length, 1);
});

Deno.test("Boards keeps a board small enough for those who come later, and says what it forgets", () => {
  const boards = new Boards();
  const long = Array<number>(4_000).fill(1_600);
  const gone = Array.from(
    { length: 60 },
    (_, i) => draw(boards, "b", `${i}`, long)!,
  ).flat();
  assertEquals(gone, Array.from({ length: 10 }, (_, i) => `${i}`));
  assertEquals(boards.list("b")[0]!.id, "10");
  for (let i = 0; i < 1_000; i++) draw(boards, "c", `${i}`);
  assertEquals(draw(boards, "c", "more"), ["0"]);
  assertEquals(boards.list("c").length, 1_000);
});

Deno.test("a board takes whole points alone", async () => {
  await using server = makeServer();
  const body = { key: "ann", name: "Ann" };
  await using ann = await connectTest(server, BoardController, { body });
  const room = await ann.joinRoom("b");
  const odd = [
    { points: [] },
    { points: [1] },
    { points: [1, 2, 3] },
    { points: [1, -2] },
    { points: [1, 2.5] },
    { points: "12" },
    { points: Array(4_002).fill(1) },
    { points: [1, 2], from: 1 },
    { points: [1, 2], pen: "0" },
    { points: [1, 2], id: "" },
  ];
  for (const part of odd) {
    await assertRejects(
      () => room.ask("onDraw", { id: "s", pen: 0, from: 0, ...part } as never),
      EventError,
      undefined,
      JSON.stringify(part),
    );
  }
});

Deno.test("a board has room for fifty people", async () => {
  await using server = makeServer();
  await using stack = new AsyncDisposableStack();
  const enter = async (name: string) => {
    const body = { key: name, name };
    const page = stack.use(
      await connectTest(server, BoardController, { body }),
    );
    await page.joinRoom("b");
  };
  for (let i = 0; i < 50; i++) await enter(`page ${i}`);
  await assertRejects(
    () => enter("one more"),
    EventError,
    "This board is full",
  );
});

Deno.test("a page that was away does not bring back what was removed meanwhile", async () => {
  await using server = makeServer();
  const enter = async (name: string) => {
    const body = { key: name, name };
    const page = await connectTest(server, BoardController, { body });
    return { page, room: await page.joinRoom("b") };
  };
  const ann = await enter("Ann");
  const bob = await enter("Bob");
  await using _ann = ann.page;
  await using _bob = bob.page;
  const stroke = { id: "s", pen: 0, from: 0, points: LINE };
  ann.room.emit("onDraw", stroke);
  await bob.page.waitFor("onDraw");
  bob.room.emit("onClear");
  await ann.page.waitFor("onClear");
  // As after a loss, in which the page has not heard of it.
  ann.room.emit("onDraw", stroke);
  assertEquals((await ann.page.waitFor("onUndo")).text(), "s");
  await bob.page.expectNothing("onDraw");
});
