/**
 * Stands in for `@std/http/negotiation`: what a client would rather have, after RFC 9110, section 12.
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

type HasHeaders = Pick<Request, "headers">;

/** One element of the header. */
interface Preference {
  readonly value: string;
  /** The parameters that stand before the weight, as `key=value` in lower case. */
  readonly parameters: readonly string[];
  readonly weight: number;
  readonly position: number;
}

/** How exactly the element fits what is offered; undefined if not at all. */
type Fit = (preference: Preference, offer: string) => number | undefined;

/** What a kind of header has of its own. */
interface Rules {
  readonly fit: Fit;
  readonly isValid: (value: string) => boolean;
  /** Whether of what fits equally well the client's order decides, and not the server's. */
  readonly keepsOrder: boolean;
}

/**
 * Lists the media types that a request accepts, the best first.
 *
 * @param request The request.
 * @returns The types; any, if the request says nothing.
 */
export function accepts(request: HasHeaders): string[];
/**
 * Chooses the media type that a request would rather have.
 *
 * @param request The request.
 * @param types Those that there are.
 * @returns The best of them, if one is accepted.
 */
export function accepts<T extends string = string>(
  request: HasHeaders,
  ...types: T[]
): T | undefined;
export function accepts(
  request: HasHeaders,
  ...types: string[]
): string | string[] | undefined {
  const header = request.headers.get("accept");
  if (!header) return types.length > 0 ? types[0] : ["*/*"];
  const preferences = parse(header, MEDIA_TYPES);
  return answer(preferences, { offers: types, rules: MEDIA_TYPES });
}

/**
 * Lists the encodings that a request accepts, the best first.
 *
 * @param request The request.
 * @returns The encodings; any, if the request says nothing.
 */
export function acceptsEncodings(request: HasHeaders): string[];
/**
 * Chooses the encoding that a request would rather have.
 *
 * @param request The request.
 * @param encodings Those that there are; `identity` should be among them.
 * @returns The best of them, if one is accepted.
 */
export function acceptsEncodings<T extends string = string>(
  request: HasHeaders,
  ...encodings: T[]
): T | undefined;
export function acceptsEncodings(
  request: HasHeaders,
  ...encodings: string[]
): string | string[] | undefined {
  const header = request.headers.get("accept-encoding");
  if (!header) return encodings.length > 0 ? encodings[0] : ["*"];
  const preferences = parse(header, ENCODINGS);
  const last = header.split(",").length - 1;
  if (!preferences.some((one) => fitToken(one, "identity") !== undefined)) {
    // It is accepted unless it is ruled out, but liked least.
    const weights = preferences.map(({ weight }) => weight || 1);
    preferences.push({
      value: "identity",
      parameters: [],
      weight: Math.min(1, ...weights),
      position: last,
    });
  }
  return answer(preferences, { offers: encodings, rules: ENCODINGS });
}

/**
 * Lists the languages that a request accepts, the best first.
 *
 * @param request The request.
 * @returns The languages; any, if the request says nothing.
 */
export function acceptsLanguages(request: HasHeaders): string[];
/**
 * Chooses the language that a request would rather have.
 *
 * @param request The request.
 * @param langs Those that there are.
 * @returns The best of them, if one is accepted.
 */
export function acceptsLanguages<T extends string = string>(
  request: HasHeaders,
  ...langs: T[]
): T | undefined;
export function acceptsLanguages(
  request: HasHeaders,
  ...langs: string[]
): string | string[] | undefined {
  const header = request.headers.get("accept-language");
  if (!header) return langs.length > 0 ? langs[0] : ["*"];
  const preferences = parse(header, LANGUAGES);
  return answer(preferences, { offers: langs, rules: LANGUAGES });
}

const MEDIA_TYPES: Rules = {
  isValid: (value) => /^[^\s/;]+\/[^;\s]+$/.test(value),
  fit: fitMediaType,
  keepsOrder: false,
};

const ENCODINGS: Rules = {
  isValid: (value) => /^[^\s;]+$/.test(value),
  fit: fitToken,
  keepsOrder: true,
};

const LANGUAGES: Rules = {
  isValid: (value) => /^[^\s\-;]+(-[^\s;]+)?$/.test(value),
  fit: fitLanguage,
  keepsOrder: true,
};

function parse(header: string, { isValid }: Rules): Preference[] {
  return header.split(",").flatMap((element, position) => {
    const { value, parameters, weight } = parseElement(element);
    return isValid(value) ? [{ value, parameters, weight, position }] : [];
  });
}

function parseElement(element: string): Omit<Preference, "position"> {
  const [value = "", ...rest] = element.split(";").map((part) => part.trim());
  const parameters: string[] = [];
  for (const parameter of rest) {
    const [key = "", text = ""] = parameter.split("=");
    const bare = text.replace(/^"(.*)"$/, "$1");
    if (key.toLowerCase() === "q" && bare) {
      return { value, parameters, weight: parseFloat(bare) };
    }
    parameters.push(`${key}=${bare}`.toLowerCase());
  }
  return { value, parameters, weight: 1 };
}

function fitToken({ value }: Preference, offer: string): number | undefined {
  if (value.toLowerCase() === offer.toLowerCase()) return 1;
  return value === "*" ? 0 : undefined;
}

function fitLanguage({ value }: Preference, offer: string): number | undefined {
  const wanted = value.toLowerCase();
  const offered = offer.toLowerCase();
  if (wanted === offered) return 4;
  if (wanted.split("-")[0] === offered.split("-")[0]) return 2;
  return wanted === "*" ? 0 : undefined;
}

function fitMediaType(
  { value, parameters }: Preference,
  offer: string,
): number | undefined {
  const offered = parseElement(offer);
  const [type, subtype] = value.toLowerCase().split("/");
  const [offeredType, offeredSubtype] = offered.value.toLowerCase().split("/");
  let fit = 0;
  if (type === offeredType) fit += 4;
  else if (type !== "*") return undefined;
  if (subtype === offeredSubtype) fit += 2;
  else if (subtype !== "*") return undefined;
  if (parameters.length === 0) return fit;
  return parameters.every((one) => offered.parameters.includes(one))
    ? fit + 1
    : undefined;
}

/** The best of what is offered, or, if nothing is, all that is accepted. */
function answer(
  preferences: readonly Preference[],
  { offers, rules }: { offers: readonly string[]; rules: Rules },
): string | string[] | undefined {
  if (offers.length === 0) {
    return preferences.filter(({ weight }) => weight > 0)
      .sort((a, b) => b.weight - a.weight || a.position - b.position)
      .map(({ value }) => value);
  }
  const ranks = offers.flatMap((offer, index) => {
    if (!rules.isValid(parseElement(offer).value)) return [];
    const rank = findRank(offer, { preferences, rules });
    return rank && rank.weight > 0 ? [{ ...rank, offer, index }] : [];
  });
  ranks.sort((a, b) =>
    b.weight - a.weight || b.fit - a.fit ||
    (rules.keepsOrder ? a.position - b.position : 0) || a.index - b.index
  );
  return ranks[0]?.offer;
}

/** What the request says of one offer: the element that fits best decides. */
function findRank(
  offer: string,
  { preferences, rules }: {
    preferences: readonly Preference[];
    rules: Rules;
  },
): { fit: number; weight: number; position: number } | undefined {
  const fitting = preferences.flatMap((preference) => {
    const { weight, position } = preference;
    const fit = rules.fit(preference, offer);
    return fit === undefined ? [] : [{ fit, weight, position }];
  });
  fitting.sort((a, b) =>
    b.fit - a.fit || b.weight - a.weight || b.position - a.position
  );
  return fitting[0];
}
