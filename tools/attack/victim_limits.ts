/** The time limits of the victim, in milliseconds. */
export const TIMES = { ack: 1_000, ask: 1_000, close: 1_000, idle: 2_000 };

/** The namespaces `n0`, `n1`, … that it has besides: more than a connection may be in. */
export const NAMESPACES = 40;

/** Who may come to its guarded servers, and how fast. */
export const GUARD = {
  connections: 8,
  perAddress: 5,
  rate: { messages: 50, per: 10_000 },
};
