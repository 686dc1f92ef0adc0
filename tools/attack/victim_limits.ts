/** The time limits of the victim, in milliseconds. */
export const TIMES = {
  ack: 1_000,
  ask: 1_000,
  body: 1_000,
  close: 1_000,
  idle: 2_000,
};

/** The number of further namespaces `n0`, `n1`, …: more than a connection may be in. */
export const NAMESPACES = 40;

/** The limits of its guarded servers. */
export const GUARD = {
  connections: 8,
  perAddress: 5,
  rate: { messages: 50, per: 10_000 },
};

/** The status of an answer in place of an error that the router has let through. */
export const ESCAPED = 599;
