/**
 * Checks that the program runs in Deno.
 *
 * @param action What needs it, for the text of the error.
 * @param advice What to do elsewhere.
 * @throws {TypeError} When it runs elsewhere.
 */
export function assertDeno(action: string, advice: string): void {
  if ("Deno" in globalThis) return;
  throw new TypeError(`Cannot ${action} outside of Deno: ${advice}`);
}
