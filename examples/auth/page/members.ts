/**
 * The page of the members. The browser gets it as it is, with only its types
 * taken out.
 *
 * @module
 */

// @ts-types="@neffos/mvc/client"
import {
  type Client,
  dial,
  EventError,
  type EventsOf,
  type HandlersOf,
  type NSConn,
} from "/neffos.js";
import { ConnectionBanner } from "../../_shared/page/connection_banner.ts";
import { find, linkify, make, makeAvatar } from "../../_shared/page/dom.ts";
import { closeOnLeave } from "../../_shared/page/leaving.ts";
import type { MemberEvents, MembersController } from "../members_controller.ts";

const UNREACHABLE = "The server cannot be reached. Try again in a moment.";

const welcome = find("welcome", HTMLElement);
const members = find("members", HTMLElement);
const login = find("login", HTMLFormElement);
const loginButton = find("login-button", HTMLButtonElement);
const error = find("error", HTMLElement);
const notice = find("notice", HTMLElement);
const log = find("log", HTMLElement);
const panel = find("panel", HTMLElement);
const text = find("text", HTMLInputElement);
const send = find("send", HTMLButtonElement);
const banner = new ConnectionBanner(() =>
  client === undefined ? location.reload() : client.retryNow()
);

let client: Client | undefined;
let nsConn: NSConn<EventsOf<typeof MembersController>> | undefined;

const events: HandlersOf<MemberEvents> = {
  onChat(_nsConn, msg) {
    const { name, text } = msg.json();
    const author = make("p", "author", make("bdi", "", name));
    const body = make("p", "text", ...linkify(text));
    add(make("li", "", makeAvatar(name), make("div", "", author, body)));
  },
  onNote: (_nsConn, msg) => add(make("li", "note", msg.text())),
};

/** Shows the form, or the chat after a sign-in. */
async function show(reason = ""): Promise<void> {
  const response = await fetch("/me");
  const { name }: { name: string | null } = await response.json();
  welcome.hidden = name !== null;
  members.hidden = name === null;
  error.textContent = reason;
  if (name === null) return find("name", HTMLInputElement).focus();
  find("me", HTMLElement).textContent = name;
  log.replaceChildren();
  await enter();
}

async function enter(): Promise<void> {
  client = await dial("/websocket_endpoint", { members: events }, {
    reconnect: true,
    onClose(info, willReconnect) {
      // This page has closed it.
      if (client === undefined) return;
      send.disabled = true;
      if (willReconnect) return banner.onClose(info, willReconnect);
      banner.hide();
      // The server has closed it for good: the session has ended.
      void leave(info.reason);
    },
    onReconnecting: banner.onReconnecting,
    onReconnect() {
      if (!nsConn?.isConnected) return void leave("Your session has ended");
      send.disabled = false;
      banner.onReconnect();
    },
  });
  nsConn = await client.connect<typeof MembersController>("members");
  send.disabled = false;
  text.focus();
}

function close(): void {
  const before = client;
  client = nsConn = undefined;
  void before?.close();
}

/** Goes back to the form, and says why. */
async function leave(reason: string): Promise<void> {
  close();
  await show(`${reason}. Please sign in again.`);
}

function add(entry: HTMLElement): void {
  log.append(entry);
  panel.scrollTop = panel.scrollHeight;
}

/** Gives the reason of a failure; those of the server are for people. */
function explain(cause: unknown): string {
  return cause instanceof EventError ? cause.message : UNREACHABLE;
}

login.onsubmit = async (event) => {
  event.preventDefault();
  loginButton.disabled = true;
  error.textContent = "";
  try {
    const fields = new FormData(login);
    const body = new URLSearchParams();
    for (const name of ["name", "password"]) {
      body.set(name, String(fields.get(name)));
    }
    const response = await fetch("/login", { method: "POST", body });
    if (response.ok) {
      login.reset();
      await show();
    } else {
      error.textContent = await response.text();
      find("password", HTMLInputElement).select();
    }
  } catch (cause) {
    error.textContent = explain(cause);
  } finally {
    loginButton.disabled = false;
  }
};

find("composer", HTMLFormElement).onsubmit = async (event) => {
  event.preventDefault();
  const body = text.value.trim();
  notice.textContent = "";
  if (body === "" || nsConn === undefined) return;
  // The next message can be written while this one is on its way.
  text.value = "";
  try {
    await nsConn.ask("onChat", body);
  } catch (cause) {
    if (text.value === "") text.value = body;
    notice.textContent = `Not sent: ${explain(cause)}`;
  }
};

closeOnLeave(close);
await show().catch((cause) => {
  members.hidden = false;
  banner.show(explain(cause));
});
