/// <reference lib="dom" />
import { find, make } from "./dom.ts";

/** How long good news is shown, in milliseconds. */
const GOOD_NEWS = 3_000;

/** What the banner tells of: the hooks of a client that reconnects. */
export interface ConnectionHooks {
  readonly onClose: (info: { reason: string }, willReconnect: boolean) => void;
  readonly onReconnecting: (tries: number, delay: number) => void;
  readonly onReconnect: () => void;
}

/**
 * Tells over the page how the connection is, and counts the seconds until the
 * next try. It lies over the page, so nothing moves when it comes or goes.
 */
export class ConnectionBanner implements ConnectionHooks {
  readonly #element = find("banner", HTMLElement);
  /** Read out by screen readers, which the seconds would only disturb. */
  readonly #news = find("banner-news", HTMLElement);
  readonly #text = make("span", "");
  readonly #button = make("button", "", "Try now");
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * Makes the banner, in the element `#banner`.
   *
   * @param onRetry What its button does.
   */
  constructor(onRetry: () => void) {
    this.#button.type = "button";
    this.#button.onclick = onRetry;
    this.#element.append(this.#text, this.#button);
  }

  onClose: ConnectionHooks["onClose"] = ({ reason }, willReconnect) => {
    if (!willReconnect) this.show(reason || "The connection has ended");
  };

  onReconnecting: ConnectionHooks["onReconnecting"] = (_tries, delay) => {
    const end = Date.now() + delay;
    const count = () => {
      const seconds = Math.ceil((end - Date.now()) / 1_000);
      this.#text.textContent = seconds > 0
        ? `Reconnecting in ${seconds} s`
        : "Reconnecting…";
      this.#button.hidden = seconds <= 0;
    };
    if (this.#element.hidden) this.show("Connection lost");
    count();
    clearInterval(this.#timer);
    this.#timer = setInterval(count, 200);
  };

  onReconnect: ConnectionHooks["onReconnect"] = () => {
    this.show("You are back online");
    this.#button.hidden = true;
    this.#element.classList.add("back");
    this.#timer = setTimeout(() => this.hide(), GOOD_NEWS);
  };

  /**
   * Shows a text, with the button.
   *
   * @param text The text.
   */
  show(text: string): void {
    clearInterval(this.#timer);
    this.#news.textContent = this.#text.textContent = text;
    this.#element.classList.remove("back");
    this.#element.hidden = this.#button.hidden = false;
  }

  /** Hides it. */
  hide(): void {
    clearInterval(this.#timer);
    this.#news.textContent = "";
    this.#element.hidden = true;
  }
}
