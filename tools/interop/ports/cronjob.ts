import {
  Application,
  type Conn,
  Context,
  denoUpgrader,
  type Message,
  type NSConn,
  OnNamespaceConnected,
  Router,
  Server,
  websocketHandler,
} from "../../../mod.ts";
import { namedUsers, Notes } from "./notes.ts";
import type { Port, Served } from "./stage.ts";

/** How often the job runs, in milliseconds. */
const PUSH_EVERY = 20;

interface Notice {
  readonly userID: string;
  readonly text: string;
}

/** The unread notices, and the connected users. */
class Board implements Disposable {
  readonly #conns = new Map<string, Conn>();
  readonly #job = setInterval(() => this.#push(), PUSH_EVERY);
  #notices: (Notice & { id: string })[] = [];
  #total = 0;

  add({ userID, text }: Notice) {
    this.#notices.push({ id: `notice-${++this.#total}`, userID, text });
  }

  setConn(conn: Conn, isThere: boolean) {
    if (isThere) this.#conns.set(conn.id, conn);
    else this.#conns.delete(conn.id);
  }

  /** Sends what is new; what was sent is not kept. */
  #push() {
    this.#notices = this.#notices.filter((body) => {
      const conn = this.#conns.get(body.userID);
      return !conn?.write({ namespace: "agent", event: "OnNotice", body });
    });
  }

  [Symbol.dispose]() {
    clearInterval(this.#job);
  }
}

class NoticeController {
  static readonly inject = [Context, Board] as const;

  constructor(readonly context: Context, readonly board: Board) {}

  async post() {
    let notice: Partial<Notice>;
    try {
      notice = await this.context.readBody<Partial<Notice>>();
    } catch {
      return this.#refuse("no notice");
    }
    const { userID, text } = notice;
    if (userID && text) {
      this.board.add({ userID, text });
      return this.context.text("");
    }
    const missing = Object.entries({ userID, text })
      .filter(([, value]) => !value)
      .map(([name]) => name);
    return this.#refuse(`missing: ${missing.join(", ")}`);
  }

  #refuse(text: string) {
    return this.context.text(text, { status: 400 });
  }
}

class AgentController {
  static readonly namespace = "agent";
  static readonly inject = [Notes] as const;

  constructor(readonly notes: Notes) {}

  onNamespaceConnected(nsConn: NSConn, msg: Message) {
    this.notes.note(nsConn, msg);
  }

  onNamespaceDisconnect(nsConn: NSConn, msg: Message) {
    this.notes.note(nsConn, msg);
  }
}

function serve(notes: Notes): Served {
  const board = new Board();
  const router = new Router();
  const app = new Application(router)
    .register(Board, board)
    .register(Notes, notes);
  app.handle(NoticeController);
  app.handleWebsocket(AgentController);
  const server = new Server(denoUpgrader(), app, {
    ...namedUsers(notes),
    onConnect(conn) {
      board.setConn(conn, true);
      notes.say(conn, "connected");
    },
    onDisconnect(conn) {
      board.setConn(conn, false);
      notes.say(conn, "disconnected");
    },
  });
  router.get("/live", websocketHandler(server));
  const end = () => board[Symbol.dispose]();
  return { handler: router.handler, server, end };
}

/** The cron job of neffos: notices that come by HTTP, each for its user. */
export const cronjob: Port = {
  name: "neffos: cron job; Go",
  original: "cronjob",
  serve,
  async play({ server, go, request, requests }) {
    const post = (what: string, body: string) =>
      request(what, "/", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
    await post("no JSON", "{");
    for (const notice of [{}, { userID: "ann" }, { text: "hello" }]) {
      const json = JSON.stringify(notice);
      requests.say(json, "refused", (await post(json, json)).text);
    }
    const away = { userID: "bob", text: "Bob is not there" };
    await post("for Bob", JSON.stringify(away));
    const ann = go("ann", "/live");
    await server.saw(`ann ${OnNamespaceConnected}`);
    await post("for Ann", JSON.stringify({ userID: "ann", text: "one; two" }));
    await ann.saw("OnNotice");
    const cy = go("cy", "/live");
    await server.saw(`cy ${OnNamespaceConnected}`);
    await post("for Cy", JSON.stringify({ userID: "cy", text: "three" }));
    await cy.saw("OnNotice");
    await post("for Ann", JSON.stringify({ userID: "ann", text: "four" }));
    await ann.saw("OnNotice", 2);
    cy.tell("exit");
    await server.saw("cy disconnected");
    ann.tell("exit");
    await server.saw("ann disconnected");
  },
};
