/** Lets the servers take turns, round by round. */

import { UnavailableError } from "../interop/peer.ts";
import { Child } from "../soak/child.ts";
import { SoakFailure } from "../soak/failure.ts";
import type { Claim } from "./claims.ts";
import type { Kit } from "./kit.ts";
import { median } from "./median.ts";
import type { Cell, LeftOut } from "./results.ts";
import type { Command } from "./running.ts";
import type { ServerSpec } from "./servers.ts";
import type { Settings } from "./settings.ts";
import { Subject } from "./subject.ts";
import { type Sample, warmUp, type Work } from "./works.ts";

/** What is measured. */
export interface Plan {
  readonly servers: readonly ServerSpec[];
  readonly works: readonly Work[];
  readonly claims: readonly Claim[];
  readonly settings: Settings;
  /** Hears what is done, and what is left out. */
  readonly onProgress: (text: string) => void;
}

/** What was measured. */
export interface Measured {
  readonly cells: Cell[];
  /** How busy the driver was in each turn, as a share of one core, by metric. */
  readonly driver: Record<string, number[]>;
  readonly leftOut: LeftOut[];
}

/** The sockets of the greatest crowd, with some to spare for those that end. */
const SPARE = 1_000;
/** The connections to check a server with. */
const CHECKED = 3;

/** Runs all rounds. */
export async function measure(plan: Plan, kit: Kit): Promise<Measured> {
  const driver = await startDriver(plan);
  try {
    const bench = new Bench(plan, driver);
    await bench.prepare(kit);
    for (let round = 0; round < plan.settings.pairs; round++) {
      await bench.run(round);
    }
    return bench.measured;
  } finally {
    await driver.kill();
  }
}

async function startDriver({ servers, settings }: Plan): Promise<Child> {
  const { crowd, receivers, patience } = settings;
  try {
    return await Child.start({
      program: new URL("driver/main.ts", import.meta.url).href,
      args: [String(patience)],
      sockets: Math.max(crowd, receivers * servers.length) + SPARE,
    });
  } catch (error) {
    if (!(error instanceof SoakFailure)) throw error;
    // The options of the soak are others.
    const text = error.message.replace("--idle=", "--crowd=, --receivers=");
    throw new UnavailableError(text);
  }
}

/** A server that could be prepared. */
interface Entry {
  readonly spec: ServerSpec;
  readonly command: Command;
}

class Bench {
  readonly measured: Measured = { cells: [], driver: {}, leftOut: [] };
  readonly #plan: Plan;
  readonly #driver: Child;
  #entries: Entry[] = [];
  readonly #everyRound: ReadonlySet<string>;

  constructor(plan: Plan, driver: Child) {
    this.#plan = plan;
    this.#driver = driver;
    this.#everyRound = new Set(
      plan.claims.flatMap(({ server, over, metric }) => [
        `${server} ${metric}`,
        `${over} ${metric}`,
      ]),
    );
  }

  /** Builds and checks each server, and leaves out those that cannot be had or answer wrongly. */
  async prepare(kit: Kit): Promise<void> {
    for (const spec of this.#plan.servers) {
      try {
        const entry = { spec, command: await spec.command(kit) };
        await using subject = await this.#start(entry);
        await subject.open(CHECKED);
        await subject.tell("check");
        this.#entries.push(entry);
      } catch (error) {
        this.#leaveOut(spec, [], error);
      }
    }
  }

  /** Runs one round. */
  async run(round: number): Promise<void> {
    const { works, settings, onProgress } = this.#plan;
    onProgress(`round ${round + 1} of ${settings.pairs}`);
    // The order changes, so that none is always the first one, or behind the same one.
    if (round > 0) this.#entries = rotate(this.#entries.toReversed());
    const together = works.filter(({ isAlone }) => !isAlone);
    await this.#runTogether(round, together);
    for (const work of works) {
      if (!work.isAlone) continue;
      for (const entry of this.#choose(round, work)) {
        await this.#runAlone(round, { work, entry });
      }
    }
  }

  /** Chooses the servers that do a work in a round. */
  #choose(round: number, { metrics }: Work): Entry[] {
    const { pairs, others } = this.#plan.settings;
    const every = Math.max(1, Math.floor(pairs / others));
    const hasAll = round % every === 0 && round / every < others;
    return this.#entries.filter(({ spec: { id } }) =>
      metrics.some((metric) =>
        (hasAll || this.#everyRound.has(`${id} ${metric.id}`)) &&
        !this.#isLeftOut(id, metric.id)
      )
    );
  }

  async #runTogether(round: number, works: readonly Work[]): Promise<void> {
    await using running = new AsyncDisposableStack();
    const subjects = new Map<Entry, Subject>();
    for (const work of works) {
      for (const entry of this.#choose(round, work)) {
        if (subjects.has(entry)) continue;
        try {
          const subject = running.use(await this.#start(entry));
          await warmUp(subject, this.#plan.settings);
          subjects.set(entry, subject);
        } catch (error) {
          this.#leaveOut(entry.spec, [], error);
        }
      }
    }
    for (const work of works) {
      const chosen = this.#choose(round, work).flatMap((entry) =>
        subjects.get(entry) ?? []
      );
      await this.#takeTurns(round, { work, subjects: chosen });
    }
  }

  /** Lets servers do a work in turns. */
  async #takeTurns(
    round: number,
    { work, subjects }: { work: Work; subjects: Subject[] },
  ): Promise<void> {
    const samples = new Map<Subject, Sample[]>();
    await this.#each(work, subjects, async (subject) => {
      samples.set(subject, []);
      await work.prepare(subject);
    });
    for (let turn = 0; turn < work.turns; turn++) {
      const order = turn % 2 === 0 ? subjects : subjects.toReversed();
      await this.#each(work, order, async (subject) => {
        samples.get(subject)?.push(await work.measure(subject));
      });
    }
    for (const [subject, all] of samples) {
      await subject.close();
      this.#record(round, { work, spec: subject.spec, samples: all });
    }
  }

  async #each(
    work: Work,
    subjects: readonly Subject[],
    run: (subject: Subject) => Promise<void>,
  ): Promise<void> {
    for (const subject of subjects) {
      const ids = work.metrics.map(({ id }) => id);
      if (ids.every((id) => this.#isLeftOut(subject.spec.id, id))) continue;
      try {
        await run(subject);
      } catch (error) {
        this.#leaveOut(subject.spec, ids, error);
      }
    }
  }

  async #runAlone(
    round: number,
    { work, entry }: { work: Work; entry: Entry },
  ): Promise<void> {
    try {
      await using subject = await this.#start(entry);
      await work.prepare(subject);
      const samples = [await work.measure(subject)];
      this.#record(round, { work, spec: entry.spec, samples });
    } catch (error) {
      this.#leaveOut(entry.spec, work.metrics.map(({ id }) => id), error);
    }
  }

  #start({ spec, command }: Entry): Promise<Subject> {
    const { crowd, receivers } = this.#plan.settings;
    return Subject.start(spec, {
      command,
      driver: this.#driver,
      sockets: Math.max(crowd, receivers),
    });
  }

  /** Keeps the median of the turns of a round. */
  #record(
    round: number,
    { work, spec, samples }: {
      work: Work;
      spec: ServerSpec;
      samples: readonly Sample[];
    },
  ): void {
    if (samples.length < work.turns) return;
    for (const { id } of work.metrics) {
      if (this.#isLeftOut(spec.id, id)) continue;
      const cell = this.#cellOf(spec.id, id);
      cell.rounds.push(round);
      cell.values.push(median(samples.map(({ values }) => values[id]!)));
    }
    const busy = samples.flatMap(({ busy }) => busy ?? []);
    if (busy.length > 0) {
      (this.measured.driver[work.metrics[0]!.id] ??= []).push(...busy);
    }
  }

  #cellOf(server: string, metric: string): Cell {
    const { cells } = this.measured;
    const known = cells.find((cell) =>
      cell.server === server && cell.metric === metric
    );
    if (known !== undefined) return known;
    const cell = { server, metric, rounds: [], values: [] };
    cells.push(cell);
    return cell;
  }

  #isLeftOut(server: string, metric: string): boolean {
    return this.measured.leftOut.some((left) =>
      left.server === server &&
      (left.metrics.length === 0 || left.metrics.includes(metric))
    );
  }

  /** Leaves out a server, or what it has measured for some metrics. */
  #leaveOut(
    { id, name }: ServerSpec,
    metrics: readonly string[],
    error: unknown,
  ): void {
    if (!(error instanceof Error)) throw error;
    const reason = error instanceof UnavailableError
      ? error.message
      : error.message.replace(/^(driver.*?|.*main\.ts): (Error: )?/, "");
    const left = { server: id, metrics, reason };
    this.measured.leftOut.push(left);
    const { cells } = this.measured;
    for (let i = cells.length - 1; i >= 0; i--) {
      if (!this.#isLeftOut(cells[i]!.server, cells[i]!.metric)) continue;
      cells.splice(i, 1);
    }
    const what = metrics.length === 0 ? "" : ` (${metrics.join(", ")})`;
    this.#plan.onProgress(`left out: ${name}${what}, since ${reason}`);
  }
}

/** Moves the first one to the end. */
function rotate<T>([first, ...rest]: readonly T[]): T[] {
  return first === undefined ? [] : [...rest, first];
}
