import { type Chat, History } from "../chat/history.ts";
import type { Topic } from "./exchange.ts";

/** The messages of some rooms; `null` asks the others for all of theirs. */
export type HistoryNews = readonly [room: string, chats: readonly Chat[]][];

/** A history that is the same in every process. */
export class SharedHistory extends History {
  readonly #news: Topic<HistoryNews | null>;

  constructor(news: Topic<HistoryNews | null>) {
    super();
    this.#news = news;
  }

  override add(room: string, chat: Chat): void {
    super.add(room, chat);
    this.#news.publish([[room, [chat]]]);
  }

  /** Begins to listen to the others, and asks them what was said before. */
  async join(): Promise<void> {
    await this.#news.listen((news) => {
      if (news === null) return this.#news.publish(this.listRooms());
      for (const [room, chats] of news) {
        const known = new Set(this.list(room).map(({ id }) => id));
        for (const chat of chats) {
          if (!known.has(chat.id)) super.add(room, chat);
        }
      }
    });
    this.#news.publish(null);
  }
}
