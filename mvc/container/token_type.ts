/**
 * The type of tokens, in a module of its own: where it is imported, errors of the
 * compiler show it as it is written there, `Token<Logger>`, without the default
 * of its second type argument.
 *
 * @module
 */

/**
 * The information that a {@linkcode Token} carries for the compiler. None of
 * it exists at run time.
 *
 * @typeParam T The type of the service.
 * @typeParam N The literal description, if one was given.
 *
 * @category Type utilities
 */
export interface TokenBrand<T, N extends string> {
  /** The type of the service. */
  readonly "~service": T;
  /** The literal description, else `string`. */
  readonly "~description": N;
}

/**
 * A Symbol that stands for a service of type `T`, made by `token()`.
 *
 * Two tokens with the same service type are one type to the compiler, unless
 * each has its literal description as the second type argument.
 *
 * @typeParam T The type of the service.
 * @typeParam N The literal description.
 *
 * @example
 * ```ts
 * import { type Token, token } from "@neffos/mvc";
 *
 * const DbUrl: Token<string, "DbUrl"> = token<string, "DbUrl">("DbUrl");
 * const Secret: Token<string, "Secret"> = token<string, "Secret">("Secret");
 * ```
 *
 * @category Services
 */
export type Token<T, N extends string = string> = symbol & TokenBrand<T, N>;
