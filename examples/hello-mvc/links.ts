import { HttpError } from "@neffos/mvc";
import { z } from "npm:zod@^4.2";

/** What a page sends to save a link. */
export const NewLink = z.object({
  url: z.url({
    protocol: /^https?$/,
    error: "must begin with http:// or https://",
  })
    .max(2_000),
  title: z.string().trim().min(1, "must not be empty").max(120),
});

/** What a page sends to change one. */
export const Change = z.object({ isRead: z.boolean() });

/** What a list is limited to: `?q=deno&show=unread`. */
export const Filter = z.object({
  q: z.string().max(120).default(""),
  show: z.enum(["all", "unread", "read"]).default("all"),
});

/** A link, as the page receives it. */
export interface Link extends z.infer<typeof NewLink> {
  readonly id: string;
  readonly isRead: boolean;
  /** When it was saved, in ISO 8601. */
  readonly time: string;
}

/** How many links are kept. */
const LIMIT = 500;

/** A service: the saved links, newest first. A real one would have a database. */
export class Links {
  readonly #links = new Map<string, Link>();

  constructor() {
    this.add({ url: "https://neffos.dev/", title: "The protocol, in Go" });
    this.add({ url: "https://docs.deno.com/", title: "Deno, explained" });
  }

  list({ q, show }: z.infer<typeof Filter>): Link[] {
    const text = q.toLowerCase();
    return [...this.#links.values()].reverse().filter((link) =>
      `${link.title} ${link.url}`.toLowerCase().includes(text) &&
      (show === "all" || link.isRead === (show === "read"))
    );
  }

  get(id: string): Link {
    const link = this.#links.get(id);
    if (link === undefined) {
      throw new HttpError(404, `There is no link "${id}"`);
    }
    return link;
  }

  add(link: z.infer<typeof NewLink>): Link {
    const known = [...this.#links.values()].find(({ url }) => url === link.url);
    if (known !== undefined) {
      throw new HttpError(409, `You have saved this link as "${known.title}"`);
    }
    const [oldest] = this.#links.keys();
    if (this.#links.size >= LIMIT) this.#links.delete(oldest!);
    const id = crypto.randomUUID();
    const time = new Date().toISOString();
    return this.#set({ ...link, id, time, isRead: false });
  }

  change(id: string, change: z.infer<typeof Change>): Link {
    return this.#set({ ...this.get(id), ...change });
  }

  remove(id: string): void {
    this.#links.delete(this.get(id).id);
  }

  #set(link: Link): Link {
    this.#links.set(link.id, link);
    return link;
  }
}
