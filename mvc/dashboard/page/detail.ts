/// <reference lib="dom" />
import type { ConnectionDetail, Rows } from "../data.ts";
import { disconnect, fetchConnection } from "./api.ts";
import { find, make, showChildren, showText } from "./dom.ts";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatName,
  formatNumber,
} from "./format.ts";

/** The dialog about the connections with one ID. */
export class Detail {
  readonly #dialog = find("detail", HTMLDialogElement);
  readonly #list = find("detail-list", HTMLElement);
  readonly #ask = find("ask", HTMLButtonElement);
  readonly #confirm = find("confirm", HTMLElement);
  readonly #mayReturn = find("may-return", HTMLInputElement);
  readonly #disconnect = find("disconnect", HTMLButtonElement);
  readonly #cancel = find("cancel", HTMLButtonElement);
  readonly #outcome = find("outcome", HTMLElement);
  readonly #onDisconnect: () => void;
  #id = "";
  /** Whether there are other servers. */
  hasCluster = false;
  /** The time by the clock of the server. */
  time = 0;

  /**
   * Opens the dialog for each button of the page that names an ID.
   *
   * @param onDisconnect Called when something was disconnected.
   */
  constructor(onDisconnect: () => void) {
    this.#onDisconnect = onDisconnect;
    document.addEventListener("click", ({ target }) => {
      const button = (target as Element).closest<HTMLElement>("[data-opens]");
      if (button) this.#open(button.dataset["opens"]!);
    });
    find("close", HTMLElement).onclick = () => this.#dialog.close();
    this.#dialog.addEventListener("click", ({ target }) => {
      // Beside it: the dialog itself has no place that is not in an element.
      if (target === this.#dialog) this.#dialog.close();
    });
    this.#ask.onclick = () => this.#setAsking(true);
    this.#cancel.onclick = () => this.#setAsking(false);
    this.#disconnect.onclick = () => void this.#act();
  }

  /** Asks for what is shown once more, if the dialog is open. */
  async refresh(): Promise<void> {
    if (!this.#dialog.open) return;
    const id = this.#id;
    try {
      const found = await fetchConnection(id);
      if (id === this.#id) this.#show(found);
    } catch (error) {
      showText(this.#outcome, (error as Error).message);
    }
  }

  #open(id: string): void {
    this.#id = id;
    showText(find("detail-title", HTMLElement), id);
    showText(this.#outcome, "");
    this.#list.replaceChildren();
    this.#mayReturn.checked = false;
    this.#ask.hidden = false;
    this.#confirm.hidden = true;
    this.#dialog.showModal();
    void this.refresh();
  }

  #setAsking(isAsking: boolean): void {
    showText(
      find("question", HTMLElement),
      `Disconnect “${this.#id}”${this.hasCluster ? " on every server" : ""}?`,
    );
    this.#ask.hidden = isAsking;
    this.#confirm.hidden = !isAsking;
    (isAsking ? this.#cancel : this.#ask).focus();
  }

  async #act(): Promise<void> {
    this.#disconnect.disabled = true;
    try {
      const { count } = await disconnect({
        id: this.#id,
        mayReturn: this.#mayReturn.checked,
      });
      const what = count === 0
        ? "No connection with this ID was found."
        : `${formatCount(count, "connection")} disconnected.`;
      showText(this.#outcome, what);
      this.#setAsking(false);
      this.#onDisconnect();
    } catch (error) {
      showText(this.#outcome, (error as Error).message);
    }
    this.#disconnect.disabled = false;
    await this.refresh();
  }

  #show({ rows, count }: Rows<ConnectionDetail>): void {
    const shown = rows.map((row) => describe(row, this.time));
    const left = count - rows.length;
    if (count === 0) {
      shown.push(make("p", "empty", "Not connected to this server."));
    } else if (left > 0) {
      shown.push(make("p", "faint", `and ${formatNumber(left)} more`));
    }
    showChildren(this.#list, shown);
  }
}

function describe(row: ConnectionDetail, time: number): HTMLElement {
  const { address, since, received, queued, pending } = row;
  const { unsentBytes, unsentMessages, isSlow, namespaces } = row;
  const unsent = unsentBytes === 0
    ? "nothing"
    : `${formatBytes(unsentBytes)}, about ${
      formatCount(unsentMessages, "message")
    }`;
  const facts: [string, string][] = [
    ["Address", address || "unknown"],
    ["Connected for", formatAge(time - since)],
    ["Since", new Date(since).toLocaleString("en-GB")],
    ["Received", formatCount(received, "frame")],
    ["Waiting", formatCount(queued, "message")],
    ["Running", formatCount(pending, "handler")],
    ["Unsent", isSlow ? `${unsent}: it reads slowly` : unsent],
  ];
  const list = make("dl", "");
  for (const [name, text] of facts) {
    list.append(make("div", "", make("dt", "", name), make("dd", "", text)));
  }
  return make(
    "section",
    "connection",
    list,
    ...namespaces.map(describeNamespace),
  );
}

function describeNamespace(
  { name, rooms }: ConnectionDetail["namespaces"][number],
): HTMLElement {
  const items = rooms.map((room) => make("li", "", room));
  return make(
    "div",
    "namespace",
    make("h3", "", formatName(name)),
    items.length === 0
      ? make("p", "faint", "In no room.")
      : make("ul", "", ...items),
  );
}
