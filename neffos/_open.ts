import { toParameterHeaders } from "./_headers.ts";
import { WebSocketAdapter } from "./_web_socket.ts";
import type { DialOptions } from "./client.ts";
import type { Socket } from "./socket.ts";

/** Opens the platform's WebSocket. */
export function openWebSocket(
  url: string | URL,
  options: DialOptions,
): Socket {
  const Constructor = options.WebSocket ?? globalThis.WebSocket;
  if (Constructor === undefined) {
    throw new TypeError(
      "Cannot dial: this platform has no WebSocket, so give one as the option `WebSocket`",
    );
  }
  const target = resolveURL(url);
  const headers = new Headers(options.headers);
  const { protocols } = options;
  if ([...headers].length > 0) {
    if (options.WebSocket === undefined && canSetHeaders()) {
      const init = {
        headers: Object.fromEntries(headers),
        ...(protocols !== undefined && { protocols }),
      };
      // The types of a page know no headers.
      const args = [target.href, init];
      return new WebSocketAdapter(Reflect.construct(WebSocket, args));
    }
    toParameterHeaders(headers, target);
  }
  return new WebSocketAdapter(new Constructor(target.href, protocols));
}

/** Finds out what a program or a page means by a URL. */
export function resolveURL(
  url: string | URL,
  base: string | undefined = globalThis.location?.href,
): URL {
  const text = String(url);
  const isAbsolute = /^[a-z][a-z\d+.-]*:\/\//i.test(text);
  const isPath = /^[./?]/.test(text);
  const full = isAbsolute || isPath ? text : `ws://${text}`;
  if (!URL.canParse(full, base)) {
    throw new TypeError(
      `Cannot dial "${text}": ${
        isPath && base === undefined
          ? "a path is a URL in a page alone, here it wants a host"
          : "it is not a URL"
      }`,
    );
  }
  const target = new URL(full, base);
  target.hash = "";
  if (target.protocol === "http:") target.protocol = "ws:";
  if (target.protocol === "https:") target.protocol = "wss:";
  if (target.protocol === "ws:" || target.protocol === "wss:") return target;
  throw new TypeError(
    `Cannot dial "${text}": the scheme must be ws, wss, http or https`,
  );
}

/** Deno, Node and Bun take headers beside the subprotocols. */
function canSetHeaders(): boolean {
  const platform = globalThis as {
    Deno?: unknown;
    process?: { versions?: { node?: string } };
    document?: unknown;
  };
  return platform.document === undefined &&
    (platform.Deno !== undefined ||
      platform.process?.versions?.node !== undefined);
}
