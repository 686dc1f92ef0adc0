import type { RoomInfo } from "../chat_controller.ts";
import type { Person } from "../people.ts";
import { find, make } from "../../_shared/page/dom.ts";

/** What the aside shows. */
export interface AsideState {
  /** Who is in the current conversation, if that is known. */
  readonly people: readonly Person[] | undefined;
  /** Who we are. */
  readonly person: Person | undefined;
  /** Which rooms there are. */
  readonly rooms: readonly RoomInfo[];
  /** Whether we are in a room. */
  readonly isJoined: (room: string) => boolean;
  /** Whether rooms can be joined now. */
  readonly isOnline: boolean;
}

/** Who is here and which rooms there are; on a narrow screen over the rest. */
export class Aside {
  readonly #element = find("aside", HTMLElement);
  readonly #toggle = find("aside-toggle", HTMLButtonElement);
  readonly #title = find("people-title", HTMLElement);
  readonly #people = find("people", HTMLElement);
  readonly #rooms = find("rooms", HTMLElement);
  readonly #input = find("room", HTMLInputElement);
  readonly #onRoom: (room: string) => Promise<boolean>;
  #drawn = "";

  /**
   * Makes the aside.
   *
   * @param onRoom Joins or shows a room, and says whether that could be done.
   */
  constructor(onRoom: (room: string) => Promise<boolean>) {
    this.#onRoom = onRoom;
    this.#toggle.onclick = () =>
      this.#open(!this.#element.classList.contains("shown"));
    this.#element.onkeydown = (event) => {
      if (event.key === "Escape") this.#open(false);
    };
    find("join", HTMLFormElement).onsubmit = async (event) => {
      event.preventDefault();
      const room = this.#input.value.trim();
      if (room !== "" && await this.#enter(room)) this.#input.value = "";
    };
  }

  /** Draws it, unless it is drawn so already. */
  render({ people, person, rooms, isJoined, isOnline }: AsideState): void {
    const joined = rooms.filter(({ name }) => isJoined(name));
    const key = JSON.stringify([people, person, rooms, joined, isOnline]);
    if (key === this.#drawn) return;
    this.#drawn = key;
    this.#title.textContent = people
      ? `Here now: ${people.length}`
      : "Here now";
    this.#people.replaceChildren(
      ...(people ?? []).map(({ id, name }) => {
        const item = make("li", "person", make("bdi", "", name));
        if (id === person?.id) item.append(" ", make("span", "you", "you"));
        return item;
      }),
    );
    const focused = document.activeElement?.ariaLabel;
    this.#rooms.replaceChildren(...rooms.map((room) => {
      const isIn = joined.includes(room);
      return this.#drawRoom(room, { isIn, isEnabled: isIn || isOnline });
    }));
    for (const button of this.#rooms.querySelectorAll("button")) {
      if (button.ariaLabel === focused) button.focus();
    }
  }

  #drawRoom(
    { name, people }: RoomInfo,
    { isIn, isEnabled }: { isIn: boolean; isEnabled: boolean },
  ): HTMLElement {
    const count = people === 1 ? "1 person" : `${people} people`;
    const button = make("button", "quiet", isIn ? "Show" : "Join");
    button.type = "button";
    button.disabled = !isEnabled;
    button.ariaLabel = `${isIn ? "Show" : "Join"} the room ${name}`;
    button.onclick = () => void this.#enter(name);
    const label = make("span", "", make("bdi", "", name), " ");
    label.append(make("span", "count", count));
    return make("li", "room", label, button);
  }

  async #enter(room: string): Promise<boolean> {
    const isDone = await this.#onRoom(room);
    // What went wrong is told beside the messages, so they must be seen.
    this.#open(false);
    return isDone;
  }

  #open(isOpen: boolean): void {
    this.#element.classList.toggle("shown", isOpen);
    this.#toggle.ariaExpanded = String(isOpen);
    this.#toggle.textContent = isOpen ? "Chat" : "People";
  }
}
