import { EventError, type Message, NSConn, type Presence } from "@neffos/mvc";
import { findPerson } from "../chat/chat_controller.ts";
import type { Topic } from "./exchange.ts";

/** What a process tells `main.ts`: its port, or the process that a page kills. */
export type Call =
  | { readonly name: string; readonly port: number }
  | { readonly kill: string };

/** What `main.ts` tells all processes of one. */
export interface ProcessState {
  readonly name: string;
  readonly isRunning: boolean;
}

/** A service: the process that this code runs in, and what it knows of all. */
export class ThisProcess {
  /** Called when a process has ended or begun. */
  readonly watchers = new Set<() => void>();
  #processes: readonly ProcessState[] = [];

  constructor(readonly name: string, readonly calls: Topic<Call>) {}

  get processes(): readonly ProcessState[] {
    return this.#processes;
  }

  set processes(processes: readonly ProcessState[]) {
    this.#processes = processes;
    for (const watcher of this.watchers) watcher();
  }
}

/** What presence tells all servers of a person. */
export interface Guest {
  readonly name: string;
  /** The name of the process that serves the page. */
  readonly process: string;
  readonly since: number;
}

/** All that the page shows. */
export interface ClusterView {
  /** The process that serves this page. */
  readonly own: string;
  readonly processes: readonly ProcessState[];
  readonly guests: readonly Guest[];
}

/** Shows the people on each process, and kills a process when a page asks for it. */
export class ClusterController {
  static readonly namespace = "cluster";
  static readonly inject = [NSConn, ThisProcess] as const;
  #presence: Presence | undefined;

  constructor(
    readonly nsConn: NSConn<{ onView: ClusterView }>,
    readonly process: ThisProcess,
  ) {}

  onNamespaceConnect() {
    if (!findPerson(this.nsConn.conn)) throw new EventError("Enter the chat");
  }

  onNamespaceConnected() {
    const { conn, namespace, server } = this.nsConn;
    const events = {
      onJoin: this.#tell,
      onLeave: this.#tell,
      onUpdate: this.#tell,
    };
    this.#presence = server.presence(namespace, "", events);
    this.process.watchers.add(this.#tell);
    const { name } = findPerson(conn)!;
    const process = this.process.name;
    const guest: Guest = { name, process, since: Date.now() };
    this.#presence.set(this.nsConn, guest);
  }

  onNamespaceDisconnect() {
    this.#presence?.close();
    this.process.watchers.delete(this.#tell);
  }

  readonly #tell = () => {
    const { name: own, processes } = this.process;
    const entries = this.#presence?.list() ?? [];
    const guests = entries
      .flatMap(({ data }) => data === undefined ? [] : data as Guest);
    this.nsConn.emit("onView", { own, processes, guests });
  };

  /** Has a process killed; in earnest, no page could do that. */
  onKill(msg: Message<string>) {
    this.process.calls.publish({ kill: msg.text() });
  }
}
