import { quote } from "./visible.ts";

/** What close codes mean, for people. */
const MEANINGS: Readonly<Record<number, string>> = {
  1000: "the server closed it",
  1001: "the server goes away",
  1005: "no reason given",
  1006: "the connection is lost",
  1008: "the server does not allow it",
  1009: "a message is too large",
  1011: "a fault of the server",
  4001: "the handshake took too long",
  4003: "the server does not answer any more",
  4008: "it read too slowly",
};

/**
 * Describes how a connection has ended.
 *
 * @param info The close code, and the reason.
 * @returns Such as `1008, "too many messages"`.
 */
export function describeCode(
  { code, reason }: { code: number; reason: string },
): string {
  const text = reason === "" ? MEANINGS[code] : quote(reason);
  return text === undefined ? String(code) : `${code}, ${text}`;
}
