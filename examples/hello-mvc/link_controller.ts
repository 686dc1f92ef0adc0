import { type ControllerRoutes, status } from "@neffos/mvc";
import type { z } from "npm:zod@^4.2";
import { Change, Filter, Links, NewLink } from "./links.ts";

/** A controller: the names of its methods are its routes. */
export class LinkController {
  static readonly inject = [Links] as const;
  /** What the bodies and the query must be; anything else is answered with 400. */
  static readonly routes = {
    get: { query: Filter },
    post: { body: NewLink, maxBody: 10_000 },
    patchBy: { body: Change, maxBody: 10_000 },
  } as const satisfies ControllerRoutes;

  constructor(readonly links: Links) {}

  /** GET /api/links?q=…&show=… */
  get(filter: z.infer<typeof Filter>) {
    return this.links.list(filter);
  }

  /** GET /api/links/:id */
  getBy(id: string) {
    return this.links.get(id);
  }

  /** POST /api/links */
  post(link: z.infer<typeof NewLink>) {
    return status(201, this.links.add(link));
  }

  /** PATCH /api/links/:id */
  patchBy(id: string, change: z.infer<typeof Change>) {
    return this.links.change(id, change);
  }

  /** DELETE /api/links/:id, answered with 204 */
  deleteBy(id: string) {
    this.links.remove(id);
  }
}
