import { find } from "../../_shared/page/dom.ts";
import type { Status } from "./session.ts";

/** How long good news is shown. */
const GOOD_NEWS = 4_000;

/** What is said, above everything, about the connection. */
export class Banner {
  readonly #element = find("banner", HTMLElement);
  readonly #text = find("banner-text", HTMLElement);
  readonly #retry = find("retry", HTMLButtonElement);
  #wasLost = false;

  /**
   * Makes the banner.
   *
   * @param onRetry What its button does.
   */
  constructor(onRetry: () => void) {
    this.#retry.onclick = onRetry;
  }

  /** Shows how the connection is; nothing, if it was never lost. */
  show(status: Status): void {
    const isOnline = status.kind === "online";
    this.#text.textContent = describe(status);
    this.#element.className = isOnline ? "back" : "lost";
    this.#element.hidden = isOnline && !this.#wasLost;
    this.#retry.hidden = isOnline || status.kind === "dialling";
    this.#wasLost = !isOnline;
    if (isOnline) setTimeout(() => this.#hide(), GOOD_NEWS);
  }

  #hide(): void {
    if (!this.#wasLost) this.#element.hidden = true;
  }
}

function describe(status: Status): string {
  switch (status.kind) {
    case "online":
      return "You are back.";
    case "dialling":
      return "The connection is lost. Trying again…";
    case "waiting": {
      const count = Math.ceil(status.delay / 1_000);
      const seconds = count === 1 ? "1 second" : `${count} seconds`;
      return `The connection is lost. Trying again in ${seconds}.`;
    }
    case "ended":
      return `You are not connected: ${status.reason}`;
  }
}
