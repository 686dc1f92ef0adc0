import { EventError } from "../../../neffos/client.ts";
import { find } from "../../_shared/page/dom.ts";

/** The dialog that asks people for their name. */
export class NameDialog {
  readonly #dialog = find("welcome", HTMLDialogElement);
  readonly #title = find("welcome-title", HTMLElement);
  readonly #input = find("name", HTMLInputElement);
  readonly #error = find("name-error", HTMLElement);
  readonly #button = find("name-button", HTMLButtonElement);
  readonly #cancel = find("name-cancel", HTMLButtonElement);
  readonly #onName: (name: string) => Promise<void>;
  readonly #onDone: () => void;
  #isNeeded = false;

  /**
   * Makes the dialog.
   *
   * @param onName Takes the name; the dialog shows why, when it fails.
   * @param onDone Called when the name was taken and the dialog is gone.
   */
  constructor(onName: (name: string) => Promise<void>, onDone: () => void) {
    this.#onName = onName;
    this.#onDone = onDone;
    find("name-form", HTMLFormElement).onsubmit = (event) => {
      event.preventDefault();
      void this.#submit();
    };
    this.#cancel.onclick = () => this.#dialog.close();
    // Some browsers close a dialog by Escape, whatever `closedby` says.
    this.#dialog.onclose = () => {
      if (this.#isNeeded) this.#dialog.showModal();
    };
  }

  /**
   * Asks for a name.
   *
   * @param name The name that they have; without one they cannot do without.
   * @param reason Why, if there is something to say.
   */
  ask(name?: string, reason = ""): void {
    this.#isNeeded = name === undefined;
    this.#title.textContent = this.#isNeeded ? "Welcome" : "Your name";
    this.#button.textContent = this.#isNeeded ? "Join the chat" : "Change it";
    this.#cancel.hidden = this.#isNeeded;
    this.#error.textContent = reason;
    if (name !== undefined) this.#input.value = name;
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#input.select();
  }

  async #submit(): Promise<void> {
    this.#button.disabled = true;
    this.#error.textContent = "";
    try {
      await this.#onName(this.#input.value);
      this.#isNeeded = false;
      // What is behind an open dialog cannot be given the focus.
      this.#dialog.close();
      this.#onDone();
    } catch (error) {
      this.#error.textContent = error instanceof EventError
        ? error.message
        : "The server cannot be reached. Try again in a moment.";
      this.#input.focus();
    } finally {
      this.#button.disabled = false;
    }
  }
}
