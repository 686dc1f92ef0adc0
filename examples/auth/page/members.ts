/**
 * The page of the members. The browser gets this file as it is, with only its
 * types taken out, and the neffos client in the same way.
 *
 * @module
 */

import {
  type Client,
  type CloseInfo,
  dial,
  EventError,
  type NSConn,
} from "../../../neffos/client.ts";
import { find, make } from "../../_shared/page/dom.ts";
import type { Chat } from "../members_controller.ts";

const welcome = find("welcome", HTMLElement);

const members = find("members", HTMLElement);

const login = find("login", HTMLFormElement);

const error = find("error", HTMLElement);

const status = find("status", HTMLElement);

const log = find("log", HTMLElement);

const text = find("text", HTMLInputElement);

const send = find("send", HTMLButtonElement);

const loginButton = find("login-button", HTMLButtonElement);

let nsConn: NSConn | undefined;

/** Shows the form, or the chat after a sign-in. */
async function show(reason = ""): Promise<void> {
  const response = await fetch("/me");
  const { name }: { name: string | null } = await response.json();
  welcome.hidden = name !== null;
  members.hidden = name === null;
  error.textContent = reason;
  if (name === null) {
    find("name", HTMLInputElement).focus();
    return;
  }
  find("me", HTMLElement).textContent = name;
  log.replaceChildren();
  await enter();
}

async function enter(): Promise<void> {
  let client: Client | undefined;
  try {
    client = await dial("/websocket_endpoint", {
      members: {
        onChat: (_nsConn, msg) => {
          if (msg.error !== undefined) showStatus(msg.error.message);
          else add(msg.json<Chat>());
        },
        onNote: (_nsConn, msg) => addLine("note", msg.text()),
      },
    }, { reconnect: true, onClose, onReconnect });
    nsConn = await client.connect("members");
    setOnline(true);
    text.focus();
  } catch (cause) {
    void client?.close();
    // The server's words, "sign in first" for example, are for people.
    showStatus(
      cause instanceof EventError
        ? cause.message
        : "The server cannot be reached. Load the page again in a moment.",
    );
  }
}

function onClose({ reason }: CloseInfo, willReconnect: boolean): void {
  setOnline(false);
  if (willReconnect) showStatus("The connection is lost. Trying again…");
  // The server has closed it for good: who signs out is told so everywhere.
  else if (nsConn !== undefined) void show(reason);
  if (!willReconnect) nsConn = undefined;
}

function onReconnect(): void {
  if (nsConn === undefined || nsConn.isConnected) return setOnline(true);
  // The namespace did not let us in again: the cookie has ended meanwhile.
  const { conn } = nsConn;
  nsConn = undefined;
  void conn.close();
  void show("Sign in again");
}

function setOnline(isOnline: boolean): void {
  send.disabled = !isOnline;
  if (isOnline) showStatus("");
}

function showStatus(message: string): void {
  status.textContent = message;
}

function add({ name, text }: Chat): void {
  addLine("", make("bdi", "", name), `: ${text}`);
}

function addLine(className: string, ...children: (string | Node)[]): void {
  const line = make("li", className, ...children);
  log.append(line);
  line.scrollIntoView({ block: "end" });
}

login.onsubmit = async (event) => {
  event.preventDefault();
  loginButton.disabled = true;
  try {
    const fields = new FormData(login);
    const body = new URLSearchParams();
    for (const name of ["name", "password"]) {
      body.set(name, String(fields.get(name)));
    }
    const response = await fetch("/login", { method: "POST", body });
    if (!response.ok) error.textContent = await response.text();
    else {
      login.reset();
      await show();
    }
  } catch {
    error.textContent = "The server cannot be reached. Try again in a moment.";
  } finally {
    loginButton.disabled = false;
  }
};

find("composer", HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  const body = text.value.trim();
  if (body === "" || !nsConn?.emit("onChat", body)) return;
  showStatus("");
  text.value = "";
};

await show();
