/** What Linux knows about processes and ports. */

import { SoakFailure } from "./failure.ts";

/** Reads the resident memory of a process, in bytes. */
export async function rssOf(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
}

/** Counts the open TCP sockets of a process; Deno has others of its own. */
export async function socketsOf(pid: number): Promise<number> {
  const table = await Deno.readTextFile(`/proc/${pid}/net/tcp`);
  const rows = table.trim().split("\n").slice(1);
  const targets = new Set(
    rows.map((row) => `socket:[${row.trim().split(/\s+/)[9]}]`),
  );
  const folder = `/proc/${pid}/fd`;
  let sockets = 0;
  for await (const { name } of Deno.readDir(folder)) {
    const target = await Deno.readLink(`${folder}/${name}`).catch(() => "");
    if (targets.has(target)) sockets++;
  }
  return sockets;
}

/**
 * Checks that one port of one address can take the given number of connections.
 *
 * @throws {SoakFailure} When there are too few local ports for them.
 */
export async function assertPorts(connections: number): Promise<void> {
  const file = "/proc/sys/net/ipv4/ip_local_port_range";
  const text = await Deno.readTextFile(file);
  const [first, last] = text.trim().split(/\s+/).map(Number);
  const ports = last! - first! + 1;
  if (connections <= ports) return;
  throw new SoakFailure(
    `Cannot hold ${connections} connections to one port: there are ${ports} local ports for them. ` +
      `Allow more (as root "sysctl net.ipv4.ip_local_port_range='1024 65535'") or hold fewer: --idle=`,
  );
}
