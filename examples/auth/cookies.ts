/** What the example uses of `@std/http`. */
export type Cookies =
  & Pick<
    typeof import("@std/http/cookie"),
    "deleteCookie" | "getCookies" | "setCookie"
  >
  & Pick<
    typeof import("@std/http/unstable-signed-cookie"),
    "parseSignedCookie" | "signCookie" | "verifySignedCookie"
  >;

/**
 * Loads what reads, writes and signs cookies.
 *
 * An import at the top of a module would end the program with a stack trace
 * where JSR cannot be reached. Here the program can say what to do.
 *
 * @returns The functions of `@std/http`.
 * @throws {Error} If the package cannot be loaded; its text says what to do.
 */
export async function loadCookies(): Promise<Cookies> {
  try {
    const [plain, signed] = await Promise.all([
      import("@std/http/cookie"),
      import("@std/http/unstable-signed-cookie"),
    ]);
    return { ...plain, ...signed };
  } catch (cause) {
    throw new Error(
      'Cannot load @std/http from JSR: run "deno task start:auth", which uses a stand-in where JSR cannot be reached',
      { cause },
    );
  }
}
