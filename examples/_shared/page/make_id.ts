/** Makes an ID; `randomUUID` is missing where there is no HTTPS. */
export function makeID(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}
