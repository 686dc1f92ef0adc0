import type { CompiledEvents } from "./_compile.ts";
import { toLogText } from "./_log_text.ts";

/** How many names are told of: it is clients that choose them. */
const MAX_NAMES = 100;

/** Writes one line for each event that nobody handles. */
export class UnhandledLog {
  readonly #told = new Map<string, Set<string>>();
  #count = 0;

  /** Tells of a message whose event is not among those of its namespace. */
  tell(namespace: string, event: string, { handlers }: CompiledEvents): void {
    if (this.#count === MAX_NAMES) return;
    const told = this.#told.get(namespace) ?? new Set();
    if (told.has(event)) return;
    this.#told.set(namespace, told.add(event));
    this.#count++;
    const meant = findSimilar(event, handlers.keys());
    const hint = meant === undefined
      ? ""
      : `; did you mean ${toLogText(meant)}?`;
    // deno-lint-ignore no-console -- the program has given no onUnhandled
    console.warn(
      `Cannot handle event ${toLogText(event)} of namespace ${
        toLogText(namespace)
      }: nothing handles it${hint}`,
    );
  }
}

/** Finds an event that is spelt in another case, or with or without `on`. */
function findSimilar(
  event: string,
  known: Iterable<string>,
): string | undefined {
  const wanted = normalize(event);
  for (const name of known) if (normalize(name) === wanted) return name;
  return undefined;
}

function normalize(event: string): string {
  return event.toLowerCase().replace(/^on(?=.)/s, "");
}
