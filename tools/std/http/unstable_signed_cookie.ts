/**
 * Stands in for `@std/http/unstable-signed-cookie`: cookies that a client cannot change unnoticed.
 *
 * ```ts
 * import { signCookie, verifySignedCookie } from "@std/http/unstable-signed-cookie";
 * import { assert } from "@std/assert";
 *
 * const key = await crypto.subtle.generateKey(
 *   { name: "HMAC", hash: "SHA-256" },
 *   true,
 *   ["sign", "verify"],
 * );
 * const signed = await signCookie("visitor", key);
 * assert(await verifySignedCookie(signed, key));
 * assert(!await verifySignedCookie(`x${signed}`, key));
 * ```
 *
 * @module
 */

/**
 * Signs a value.
 *
 * @param value The value.
 * @param key The key, for HMAC.
 * @returns The value, a full stop and the signature in hexadecimal.
 */
export async function signCookie(
  value: string,
  key: CryptoKey,
): Promise<string> {
  const data = new TextEncoder().encode(value);
  const signature = await crypto.subtle.sign("HMAC", key, data);
  return `${value}.${new Uint8Array(signature).toHex()}`;
}

/**
 * Checks a signed value.
 *
 * @param signedCookie The value with its signature.
 * @param key The key that it should be signed with.
 * @returns Whether it is.
 * @throws {RangeError} If the signature has an odd number of bytes.
 * @throws {TypeError} If the signature is not hexadecimal.
 */
export async function verifySignedCookie(
  signedCookie: string,
  key: CryptoKey,
): Promise<boolean> {
  const [value, signature] = split(signedCookie);
  if (!value || !signature) return false;
  const data = new TextEncoder().encode(value);
  return await crypto.subtle.verify("HMAC", key, decodeHex(signature), data);
}

/**
 * Takes the signature off, without checking it.
 *
 * @param signedCookie The value with its signature.
 * @returns The value.
 */
export function parseSignedCookie(signedCookie: string): string {
  return split(signedCookie)[0];
}

function split(signed: string): [value: string, signature: string] {
  const at = signed.lastIndexOf(".");
  return at === -1 ? [signed, ""] : [signed.slice(0, at), signed.slice(at + 1)];
}

function decodeHex(text: string): Uint8Array<ArrayBuffer> {
  const { length } = new TextEncoder().encode(text);
  if (length % 2 !== 0) {
    throw new RangeError(
      `Cannot decode a signature of ${length} bytes: two digits make a byte`,
    );
  }
  try {
    return Uint8Array.fromHex(text);
  } catch (cause) {
    throw new TypeError("Cannot decode a signature that is not hexadecimal", {
      cause,
    });
  }
}
