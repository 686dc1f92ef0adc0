/** How much is measured. */
export interface Settings {
  /** Rounds, each with fresh processes. */
  readonly pairs: number;
  /** The rounds in which that is measured on which no claim rests. */
  readonly others: number;
  /** The turns of each server and work in a round. */
  readonly turns: number;
  /** The length of a turn, in milliseconds. */
  readonly turn: number;
  /** The length of what comes before the first turn of a work, in milliseconds. */
  readonly warmUp: number;
  /** The length of what comes before the first work: the time in which code is compiled, in milliseconds. */
  readonly firstWarmUp: number;
  /** The receivers of a broadcast. */
  readonly receivers: number;
  /** The receivers of a broadcast to a crowd, whose memory is measured too. */
  readonly crowd: number;
  /** The messages a second whose latency is measured. */
  readonly rate: number;
  /** How long that takes, in milliseconds. */
  readonly latency: number;
  /** How long a server may leave a message unanswered, in milliseconds. */
  readonly patience: number;
}

/** What a published run measures. */
export const FULL: Settings = {
  pairs: 12,
  others: 3,
  turns: 6,
  turn: 80,
  warmUp: 200,
  firstWarmUp: 1_200,
  receivers: 500,
  crowd: 10_000,
  rate: 5_000,
  latency: 1_500,
  patience: 20_000,
};

/** About two minutes. */
export const QUICK: Settings = {
  ...FULL,
  pairs: 2,
  others: 1,
  turns: 3,
  turn: 40,
  warmUp: 100,
  firstWarmUp: 500,
  crowd: 1_000,
  latency: 500,
};
