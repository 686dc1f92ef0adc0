/**
 * JSON Web Tokens (RFC 7519) signed with HMAC and SHA-256, by the platform's
 * WebCrypto.
 *
 * @module
 */

const HMAC = { name: "HMAC", hash: "SHA-256" };
const HEADER = { alg: "HS256", typ: "JWT" };

/** What a token says. */
export type Claims = Readonly<Record<string, unknown>>;

/** Signs and verifies tokens with one secret. */
export class Tokens {
  readonly #key: CryptoKey;

  private constructor(key: CryptoKey) {
    this.#key = key;
  }

  /**
   * Makes the service.
   *
   * @param secret What tokens are signed with.
   * @returns The service.
   */
  static async create(secret: string): Promise<Tokens> {
    const data = new TextEncoder().encode(secret);
    return new Tokens(
      await crypto.subtle.importKey("raw", data, HMAC, false, [
        "sign",
        "verify",
      ]),
    );
  }

  /**
   * Makes a token.
   *
   * @param claims What it says.
   * @returns The token.
   */
  async sign(claims: Claims): Promise<string> {
    const text = `${encodeJson(HEADER)}.${encodeJson(claims)}`;
    const data = new TextEncoder().encode(text);
    const signature = await crypto.subtle.sign(HMAC, this.#key, data);
    return `${text}.${encode(new Uint8Array(signature))}`;
  }

  /**
   * Verifies a token.
   *
   * @param token The token.
   * @returns What it says, `undefined` if it is not valid, or no longer.
   */
  async verify(token: string): Promise<Claims | undefined> {
    const [header, claims, signature, ...rest] = token.split(".");
    if (signature === undefined || rest.length > 0) return undefined;
    try {
      if (decodeJson(header!).alg !== HEADER.alg) return undefined;
      const data = new TextEncoder().encode(`${header}.${claims}`);
      const isSigned = await crypto.subtle.verify(
        HMAC,
        this.#key,
        decode(signature),
        data,
      );
      if (!isSigned) return undefined;
      const said = decodeJson(claims!);
      const { exp = Infinity } = said;
      return Number(exp) * 1000 > Date.now() ? said : undefined;
    } catch {
      // Neither Base64 nor JSON: a client may send anything.
      return undefined;
    }
  }
}

function encode(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

function decode(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(text, { alphabet: "base64url" });
}

function encodeJson(value: Claims): string {
  return encode(new TextEncoder().encode(JSON.stringify(value)));
}

function decodeJson(text: string): Claims {
  return Object(JSON.parse(new TextDecoder().decode(decode(text))));
}
