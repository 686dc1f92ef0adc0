/**
 * Stands in for `@std/http/negotiation`: the media type that a client would rather have, after RFC 9110, section 12.
 *
 * ```ts
 * import { accepts } from "@std/http/negotiation";
 * import { assertEquals } from "@std/assert";
 *
 * const request = new Request("http://localhost/", {
 *   headers: { accept: "text/html, application/json;q=0.9" },
 * });
 * assertEquals(accepts(request, "application/json", "text/html"), "text/html");
 * assertEquals(accepts(request, "image/png"), undefined);
 * ```
 *
 * @module
 */

/** A media type, or a range of them with its weight. */
interface MediaRange {
  readonly text: string;
  readonly type: string;
  readonly subtype: string;
  /** The parameters before the weight, in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly weight: number;
}

/** What a request says of an offer. */
interface Rank {
  readonly weight: number;
  /** How exactly the range fits. */
  readonly fit: number;
}

/**
 * Lists the media types that a request accepts, the best first.
 *
 * @param request The request.
 * @returns The types; any, if the request says nothing.
 */
export function accepts(request: Pick<Request, "headers">): string[];
/**
 * Chooses the media type that a request would rather have.
 *
 * @param request The request.
 * @param types Those that there are.
 * @returns The best of them, if one is accepted.
 */
export function accepts<T extends string = string>(
  request: Pick<Request, "headers">,
  ...types: T[]
): T | undefined;
export function accepts(
  request: Pick<Request, "headers">,
  ...types: string[]
): string | string[] | undefined {
  const header = request.headers.get("accept");
  if (!header) return types.length > 0 ? types[0] : ["*/*"];
  const ranges = header.split(",").flatMap((text) => parse(text) ?? []);
  if (types.length === 0) {
    return ranges.filter(({ weight }) => weight > 0)
      .sort((a, b) => b.weight - a.weight)
      .map(({ text }) => text);
  }
  const ranked = types.map((type) => ({ type, ...rank(type, ranges) }));
  return ranked.filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight || b.fit - a.fit)[0]?.type;
}

function parse(text: string): MediaRange | undefined {
  const found = /^\s*([^\s/;]+)\/([^;\s]+)\s*(?:;(.*))?$/.exec(text);
  if (found === null) return undefined;
  const [, type = "", subtype = "", rest] = found;
  const parameters = new Map<string, string>();
  let weight = 1;
  for (const pair of rest ? rest.split(";") : []) {
    const [key = "", value = ""] = pair.trim().split("=");
    const bare = value.replace(/^"(.*)"$/, "$1");
    if (key.toLowerCase() === "q" && bare !== "") {
      // Without a number it is not accepted at all.
      weight = parseFloat(bare);
      break;
    }
    parameters.set(key.toLowerCase(), bare.toLowerCase());
  }
  return {
    text: `${type}/${subtype}`,
    type: type.toLowerCase(),
    subtype: subtype.toLowerCase(),
    parameters,
    weight,
  };
}

/** Finds the range that fits best, of equal ones the heaviest. */
function rank(type: string, ranges: readonly MediaRange[]): Rank {
  const offer = parse(type);
  let best: Rank = { weight: 0, fit: 0 };
  for (const range of offer === undefined ? [] : ranges) {
    const fit = findFit(range, offer!);
    if (fit === undefined) continue;
    const { weight } = range;
    if (fit > best.fit || (fit === best.fit && !(weight < best.weight))) {
      best = { weight, fit };
    }
  }
  return best;
}

function findFit(range: MediaRange, offer: MediaRange): number | undefined {
  let fit = 0;
  if (range.type === offer.type) fit += 4;
  else if (range.type !== "*") return undefined;
  if (range.subtype === offer.subtype) fit += 2;
  else if (range.subtype !== "*") return undefined;
  if (range.parameters.size === 0) return fit;
  for (const [key, value] of range.parameters) {
    if ((offer.parameters.get(key) ?? "") !== value) return undefined;
  }
  return fit + 1;
}
