/** The time limits of the victim, in milliseconds. */
export const TIMES = { ack: 1_000, ask: 1_000, close: 1_000, idle: 2_000 };

/** The namespaces `n0`, `n1`, … that it has besides: more than a connection may be in. */
export const NAMESPACES = 40;
