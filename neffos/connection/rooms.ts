import type { AskOptions } from "../api/ask_options.ts";
import { Room } from "../api/room.ts";
import type { UntypedRoom } from "../api/untyped.ts";
import {
  BAD_NAMESPACE,
  BAD_ROOM,
  BadNamespaceError,
  BadRoomError,
  LimitError,
} from "../protocol/errors.ts";
import {
  OnRoomJoin,
  OnRoomJoined,
  OnRoomLeave,
  OnRoomLeft,
} from "../protocol/event_names.ts";
import type { Message } from "../protocol/message.ts";
import {
  type Cause,
  exchange,
  fire,
  joinIn,
  lifeCycleMessage,
  LOCAL,
  tell,
  undo,
} from "./life_cycle.ts";
import type { Leaving, NSState } from "./namespace_state.ts";
import type { Core } from "./session.ts";

/** The rooms of one connection: how they are joined and left. */
export class Rooms {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Asks the other side to join a room. */
  join(
    state: NSState,
    room: string,
    options: AskOptions,
    former?: UntypedRoom,
  ): Promise<UntypedRoom> {
    const joined = state.rooms.get(room);
    if (joined !== undefined) return Promise.resolve(joined);
    const joining = state.joining.get(room);
    if (joining !== undefined) {
      return joinIn(
        this.#core,
        joining.promise,
        options,
        `join room "${room}"`,
      );
    }
    const refusal = this.#refusalToJoin(state, room);
    if (refusal !== undefined) return Promise.reject(refusal);
    const promise = this.#askJoin(state, room, options, former).finally(() => {
      this.#release(state, room);
      state.joining.delete(room);
    });
    state.joining.set(room, { promise, held: [] });
    return promise;
  }

  /** Asks the other side to leave a room. */
  leave(
    state: NSState,
    room: string,
    options: AskOptions,
    cause: Cause = {},
  ): Promise<void> {
    const leaving = state.leaving.get(room);
    if (leaving !== undefined) {
      // It may be a hook of this very leave that asks.
      if (leaving.promise === undefined) return Promise.resolve();
      const what = `leave room "${room}"`;
      return joinIn(this.#core, leaving.promise, options, what);
    }
    if (!state.rooms.has(room)) {
      const { namespace } = state;
      return Promise.reject(new BadRoomError(BAD_ROOM, { namespace, room }));
    }
    const { queue } = this.#core;
    const mark: Leaving = { promise: undefined, isJoinedAgain: false };
    state.leaving.set(room, mark);
    mark.promise = exchange(
      state,
      room,
      OnRoomLeave,
      options,
      queue.callers(),
      async () => {
        mark.promise = undefined;
        await this.#leave(state, room, cause);
        if (!mark.isJoinedAgain || state.rooms.has(room)) return;
        if (this.#refusalToJoin(state, room) !== undefined) return;
        this.#addRoom(state, room);
        await tell(state, OnRoomJoined, room, {});
      },
    ).finally(() => state.leaving.delete(room));
    return mark.promise;
  }

  /** Leaves every room of a namespace, for the namespace is left. */
  async leaveAll(state: NSState, cause: Cause): Promise<void> {
    state.isLeaving = true;
    for (const room of [...state.rooms.keys()]) {
      state.leaving.set(room, { promise: undefined, isJoinedAgain: false });
      await this.#leave(state, room, cause);
      state.leaving.delete(room);
    }
  }

  async #leave(state: NSState, room: string, cause: Cause): Promise<void> {
    if (!state.rooms.has(room)) return;
    await tell(state, OnRoomLeave, room, cause);
    if (!this.#removeRoom(state, room)) return;
    await tell(state, OnRoomLeft, room, cause);
  }

  async #askJoin(
    state: NSState,
    room: string,
    options: AskOptions,
    former: UntypedRoom | undefined,
  ): Promise<UntypedRoom> {
    const turns = this.#core.queue.callers();
    return await exchange(
      state,
      room,
      OnRoomJoin,
      options,
      turns,
      async () => {
        const known = state.rooms.get(room);
        if (known !== undefined) return known;
        if (!this.#canJoin(state)) throw this.#core.closedError();
        try {
          const joining = lifeCycleMessage(state, OnRoomJoin, room, LOCAL);
          await fire(state, joining);
        } catch (error) {
          // The other side has let it in, and must not go on believing so.
          undo(state, room, OnRoomLeave);
          throw error;
        }
        // The hook may have left the namespace, or have joined it itself.
        if (!this.#canJoin(state)) throw this.#core.closedError();
        const own = state.rooms.get(room);
        if (own !== undefined) return own;
        const joined = this.#addRoom(state, room, former);
        this.#release(state, room);
        await tell(state, OnRoomJoined, room, LOCAL);
        return joined;
      },
    );
  }

  /** Answers the other side, which asks to join. */
  async answerJoin(state: NSState, asked: Message): Promise<void> {
    const core = this.#core;
    const { room } = asked;
    const leaving = state.leaving.get(room);
    if (leaving !== undefined) {
      // The other side has let it go, and has it join again.
      leaving.isJoinedAgain = true;
      return core.acknowledge(asked);
    }
    if (state.rooms.has(room)) return core.acknowledge(asked);
    const refusal = this.#refusalToJoin(state, room);
    if (refusal !== undefined) return core.refuse(asked, refusal.message);
    // It counts from here on, and what is sent there waits.
    state.answering.set(room, []);
    try {
      await fire(state, asked);
      if (core.isEnding) throw core.closedError();
      if (!this.#canJoin(state)) throw new BadNamespaceError(BAD_NAMESPACE);
    } catch (error) {
      core.fail(asked, error);
      this.#release(state, room);
      return;
    }
    if (!state.rooms.has(room)) {
      this.#addRoom(state, room);
      this.#release(state, room);
      await tell(state, OnRoomJoined, room, {});
    } else this.#release(state, room);
    core.acknowledge(asked);
  }

  /** Answers the other side, which asks to leave. */
  async answerLeave(state: NSState, asked: Message): Promise<void> {
    const core = this.#core;
    const { room } = asked;
    if (!state.rooms.has(room)) return core.acknowledge(asked);
    const { isClient } = core.host;
    const own = state.leaving.get(room);
    if (own === undefined) {
      state.leaving.set(room, { promise: undefined, isJoinedAgain: false });
    }
    state.answering.set(room, []);
    let isLeft = false;
    try {
      await fire(state, asked);
      isLeft = true;
    } catch (error) {
      if (isClient) core.report(error, asked);
      else core.fail(asked, error);
      isLeft = isClient;
    }
    if (own === undefined) state.leaving.delete(room);
    if (isLeft) {
      const wasIn = this.#removeRoom(state, room);
      if (isClient) core.acknowledge(asked);
      if (wasIn) await tell(state, OnRoomLeft, room, {});
      if (!isClient) core.acknowledge(asked);
    }
    this.#release(state, room);
  }

  #refusalToJoin(state: NSState, room: string): Error | undefined {
    const { crossings, limits: { maxRooms } } = this.#core.host;
    const { namespace } = state;
    if (!this.#canJoin(state)) {
      return new BadNamespaceError(BAD_NAMESPACE, { namespace, room });
    }
    if (room === "") return new BadRoomError(BAD_ROOM, { namespace, room });
    let count = 0;
    for (const { rooms, joining, answering } of this.#core.membership.states) {
      const names = new Set(rooms.keys());
      for (const name of joining.keys()) names.add(name);
      for (const name of answering.keys()) names.add(name);
      count += names.size;
    }
    // Both sides may ask for it at once.
    if (state.joining.has(room) || state.answering.has(room)) count--;
    if (count < maxRooms) return undefined;
    crossings.add("maxRooms");
    return new LimitError(
      `Cannot join room "${room}": ${maxRooms} rooms are the limit of a connection`,
      { namespace, room },
    );
  }

  /** Lets go what was held back until the room was joined, or not. */
  #release(state: NSState, room: string): void {
    const held = [
      ...state.joining.get(room)?.held.splice(0) ?? [],
      ...state.answering.get(room) ?? [],
    ];
    state.answering.delete(room);
    this.#core.held -= held.length;
    this.#core.queue.unshift(held);
  }

  #addRoom(state: NSState, name: string, former?: UntypedRoom): UntypedRoom {
    const room = former ?? new Room(state, name);
    state.rooms.set(name, room);
    this.#core.host.index?.join(state, name);
    return room;
  }

  #removeRoom(state: NSState, name: string): boolean {
    this.#core.host.index?.leave(state, name);
    return state.rooms.delete(name);
  }

  #canJoin(state: NSState): boolean {
    return state.status === "connected" && !state.isLeaving &&
      !this.#core.isEnding;
  }
}
