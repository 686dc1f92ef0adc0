import {
  EventError,
  type Message,
  type NSConn,
  type Presence,
  Server,
} from "@neffos/mvc";
import { ARTICLES } from "./page/articles.ts";

/** How many people read each page now, and how many are here at all. */
export interface Counts {
  readonly pages: Readonly<Record<string, number>>;
  readonly total: number;
}

/** The events that the server sends, with their bodies. */
export interface VisitorEvents {
  onCounts: Counts;
}

/** The time between two counts, in milliseconds: a crowd is told of at once. */
const PAUSE = 100;

/** One for all connections, since it injects none of them. Each page is a room. */
export class VisitorController {
  static readonly namespace = "visitors";
  static readonly inject = [Server] as const;
  readonly #server: Server;
  readonly #all: Presence;
  readonly #pages: ReadonlyMap<string, Presence>;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(server: Server) {
    const { namespace } = VisitorController;
    const tell = () => this.#timer ??= setTimeout(() => this.#tell(), PAUSE);
    const events = { onJoin: tell, onLeave: tell };
    this.#server = server;
    this.#all = server.presence(namespace, "", events);
    this.#pages = new Map(
      ARTICLES.map(({ slug }) => [
        slug,
        server.presence(namespace, slug, events),
      ]),
    );
  }

  onNamespaceConnected(nsConn: NSConn<VisitorEvents>) {
    nsConn.emit("onCounts", this.#count());
  }

  onRoomJoin(_nsConn: NSConn, { room }: Message) {
    if (!this.#pages.has(room)) {
      throw new EventError(`There is no page ${room}`);
    }
  }

  /** Counts people: those with two windows have one ID, and count once. */
  #count(): Counts {
    const pages = Array.from(this.#pages, ([slug, { size }]) => [slug, size]);
    return { pages: Object.fromEntries(pages), total: this.#all.size };
  }

  #tell(): void {
    this.#timer = undefined;
    const { namespace } = VisitorController;
    const body = this.#count();
    this.#server.broadcast(null, { namespace, event: "onCounts", body });
  }
}
