/** What one action passes through, by V8's precise coverage. */

import { Session } from "node:inspector/promises";
import { setImmediate } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { openWorld } from "./world.ts";

/**
 * Counts the files, the functions and the calls that single actions take.
 *
 * @param root The checkout whose source does it.
 */
export async function takeWalks(root: string): Promise<[string, string][]> {
  const houses = ["neffos", "mvc"].map((house) =>
    pathToFileURL(`${root}/${house}/`).href
  );
  const isOurs = (text: string) => houses.some((url) => text.includes(url));
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true });
  await using world = await openWorld(root);
  const rows: [string, string][] = [];
  let onReached = () => {};
  let depth = 0;
  Error.stackTraceLimit = Infinity;
  world.onReached = () => {
    depth = new Error().stack!.split("\n").filter(isOurs).length;
    onReached();
  };

  async function walk(name: string, action: () => Promise<unknown>) {
    depth = 0;
    // Taking the coverage sets its counters back.
    await session.post("Profiler.takePreciseCoverage");
    await action();
    await setImmediate();
    const { result } = await session.post("Profiler.takePreciseCoverage");
    const files = result.filter(({ url }) => isOurs(url))
      .map(({ functions }) => functions.map(({ ranges }) => ranges[0]!.count))
      .map((counts) => counts.filter((count) => count > 0))
      .filter((counts) => counts.length > 0);
    const calls = files.flat();
    const total = calls.reduce((sum, count) => sum + count, 0);
    rows.push([
      `walk: ${name}`,
      `${files.length} files, ${calls.length} functions, ${total} calls` +
      (depth === 0 ? "" : `, ${depth} deep`),
    ]);
  }

  const others = [await world.dial(), await world.dial()];
  for (const other of others) await other.connect("desk");
  const peer = await world.dial();
  await peer.connect("desk");
  const say = () =>
    new Promise<void>((resolve) => {
      onReached = resolve;
      peer.send(";desk;;onSay;0;0;hello");
    });
  const tell = () => {
    peer.send(";desk;;onTell;0;0;hello");
    return Promise.all(others.map((other) => other.next()));
  };
  // A frame is read faster after one that differs in its body alone.
  await say();
  await walk("one frame, to a controller's method", say);
  await tell();
  await walk("that frame, and a broadcast to two others", tell);
  await walk(
    "a controller with three dependencies, connected for the first time",
    () => peer.connect("office"),
  );
  await walk("handshake", () => world.dial());
  await session.post("Profiler.stopPreciseCoverage");
  session.disconnect();
  return rows;
}
