import { usage } from "../failure.ts";
import type { WordKind } from "../input/completion.ts";
import type { Word } from "../input/line.ts";

/** What lines can do; a {@linkcode Session} does it. */
export interface Actor {
  connect(namespace: string, body: string): Promise<void>;
  disconnect(namespace: string | undefined): Promise<void>;
  use(namespace: string): void;
  join(room: string, body: string): Promise<void>;
  leave(room: string | undefined): Promise<void>;
  emit(event: string, body: string, room?: RoomName): Promise<void>;
  ask(event: string, body: string, room?: RoomName): Promise<void>;
  answer(event: string, body: string): Promise<void>;
  listNamespaces(): void;
  showStatus(): void;
  showHelp(topic: string | undefined): void;
  quit(): void;
}

/** A room, or the only one. */
export type RoomName = { readonly name: string | undefined };

/** A command of the session. */
export interface Action {
  /** Its arguments, for the help. */
  readonly arguments: string;
  /** What its words name; a body follows, unless it is closed. */
  readonly words: readonly WordKind[];
  /** How many words it needs. */
  readonly least: number;
  /** Whether nothing may follow its words. */
  readonly isClosed?: boolean;
  readonly about: string;
  run(actor: Actor, words: readonly Word[], rest: string): Promise<void> | void;
}

/** The name of a word that is there. */
function nameOf(words: readonly Word[], index: number): string {
  return words[index]!.text;
}

/** The commands of the session, in the order of its help. */
export const ACTIONS: Readonly<Record<string, Action>> = {
  connect: {
    arguments: "NAMESPACE [BODY]",
    words: ["namespace"],
    least: 1,
    about: "connect a namespace, and use it",
    run: (actor, words, rest) => actor.connect(nameOf(words, 0), rest),
  },
  disconnect: {
    arguments: "[NAMESPACE]",
    words: ["namespace"],
    least: 0,
    isClosed: true,
    about: "leave this namespace, or another one",
    run: (actor, words) => actor.disconnect(words[0]?.text),
  },
  use: {
    arguments: "NAMESPACE",
    words: ["namespace"],
    least: 1,
    isClosed: true,
    about: "go to another namespace that is connected",
    run: (actor, words) => actor.use(nameOf(words, 0)),
  },
  join: {
    arguments: "ROOM [BODY]",
    words: ["room"],
    least: 1,
    about: "join a room of this namespace",
    run: (actor, words, rest) => actor.join(nameOf(words, 0), rest),
  },
  leave: {
    arguments: "[ROOM]",
    words: ["room"],
    least: 0,
    isClosed: true,
    about: "leave a room; without a name, the only one",
    run: (actor, words) => actor.leave(words[0]?.text),
  },
  emit: {
    arguments: "EVENT [BODY]",
    words: ["event"],
    least: 1,
    about: "send an event to this namespace",
    run: (actor, words, rest) => actor.emit(nameOf(words, 0), rest),
  },
  ask: {
    arguments: "EVENT [BODY]",
    words: ["event"],
    least: 1,
    about: "send an event, and print the answer",
    run: (actor, words, rest) => actor.ask(nameOf(words, 0), rest),
  },
  room: {
    arguments: "[ROOM] emit|ask EVENT [BODY]",
    words: ["room or verb", "verb", "event"],
    least: 2,
    about: "do that in a room; without a name, in the only one",
    run: runInRoom,
  },
  answer: {
    arguments: "EVENT [BODY]",
    words: ["event"],
    least: 1,
    about: "answer each ask of the server for this event with the body",
    run: (actor, words, rest) => actor.answer(nameOf(words, 0), rest),
  },
  namespaces: {
    arguments: "",
    words: [],
    least: 0,
    isClosed: true,
    about: "list the namespaces and rooms that you are in",
    run: (actor) => actor.listNamespaces(),
  },
  status: {
    arguments: "",
    words: [],
    least: 0,
    isClosed: true,
    about: "show the server, the ID, and whether you are connected",
    run: (actor) => actor.showStatus(),
  },
  help: {
    arguments: "[COMMAND]",
    words: ["command"],
    least: 0,
    isClosed: true,
    about: "list the commands, or explain one",
    run: (actor, words) => actor.showHelp(words[0]?.text),
  },
  quit: {
    arguments: "",
    words: [],
    least: 0,
    isClosed: true,
    about: "end the session; Ctrl-D does too",
    run: (actor) => actor.quit(),
  },
};

/** The words of `room`: a verb may stand in the place of a name. */
export function isVerb({ text, isQuoted }: Word): boolean {
  return !isQuoted && (text === "emit" || text === "ask");
}

async function runInRoom(
  actor: Actor,
  words: readonly Word[],
  rest: string,
): Promise<void> {
  const [verb, event] = words.slice(-2);
  const room = { name: words.length === 3 ? words[0]!.text : undefined };
  if (verb!.text === "ask") await actor.ask(event!.text, rest, room);
  else await actor.emit(event!.text, rest, room);
}

/** Tells what the next word of a line names; see `completeLine()`. */
export function readGrammar(before: readonly string[]): WordKind | undefined {
  const [name, ...words] = before;
  if (name === undefined) return "command";
  const kind = ACTIONS[name]?.words[words.length];
  // `room emit …`: the room is left out.
  return kind === "verb" && /^(emit|ask)$/.test(words[0]!) ? "event" : kind;
}

/**
 * Writes the help of the session.
 *
 * @param topic The command that it is about; all of them without it.
 * @returns The text.
 * @throws {Failure} When there is no such command.
 */
export function writeActions(topic?: string): string {
  const shown = Object.entries(ACTIONS)
    .filter(([name]) => topic === undefined || name === topic);
  if (shown.length === 0) {
    throw usage(`There is no command ${JSON.stringify(topic)}; write help`);
  }
  const rows = shown.map(([name, action]) =>
    [`${name} ${action.arguments}`.trimEnd(), action.about] as const
  );
  const width = Math.max(...rows.map(([usage]) => usage.length));
  const lines = rows.map(([usage, about]) =>
    `${usage.padEnd(width)}  ${about}`
  );
  return [...lines, ...(topic === undefined ? [BODIES] : [])].join("\n");
}

const BODIES =
  "BODY is the rest of the line: text, JSON, @FILE, base64:…, hex:… or text:…";
