import { type Deadline, MAX_WAIT, type Timers } from "../util/timers.ts";

interface ClientDeadline extends Deadline {
  handle?: ReturnType<typeof setTimeout>;
}

/** Runs each deadline on a timer of the platform: a client has few of them. */
export class ClientTimers implements Timers {
  set(ms: number, run: () => void): ClientDeadline {
    const deadline: ClientDeadline = { run };
    const wait = (rest: number) => {
      const end = () => rest > MAX_WAIT ? wait(rest - MAX_WAIT) : run();
      deadline.handle = setTimeout(end, Math.min(rest, MAX_WAIT));
    };
    wait(ms);
    return deadline;
  }

  clear(_ms: number, { handle }: ClientDeadline): void {
    clearTimeout(handle);
  }
}
