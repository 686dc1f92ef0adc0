/** What Linux knows of the CPU time of processes. */

/** CPU ticks a second, `getconf CLK_TCK`: 100 on every Linux that Deno runs on. */
const TICKS = 100;

/**
 * Returns the CPU time of all threads of a process, in seconds: to the nanosecond
 * where the kernel keeps it, else in ticks.
 */
export async function cpuSeconds(pid: number): Promise<number> {
  try {
    let nanos = 0;
    for await (const { name } of Deno.readDir(`/proc/${pid}/task`)) {
      const file = `/proc/${pid}/task/${name}/schedstat`;
      nanos += Number((await Deno.readTextFile(file)).split(" ")[0]);
    }
    if (nanos > 0) return nanos / 1e9;
  } catch {
    // This kernel keeps no such statistics.
  }
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Lists a process and the processes that it has started, and they. */
export async function listFamily(pid: number): Promise<number[]> {
  const family = [pid];
  for await (const { name } of Deno.readDir(`/proc/${pid}/task`)) {
    const file = `/proc/${pid}/task/${name}/children`;
    const text = await Deno.readTextFile(file).catch(() => "");
    for (const child of text.split(" ").filter((word) => word !== "")) {
      family.push(...await listFamily(Number(child)));
    }
  }
  return family;
}
