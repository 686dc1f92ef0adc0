/**
 * The page of the reading list. The browser gets it as it is, with only its types
 * taken out.
 *
 * @module
 */

import {
  find,
  make,
  makeAvatar,
  showChildren,
} from "../../_shared/page/dom.ts";
import type { Link } from "../links.ts";

/** The body of an error, RFC 9457, with what a schema has refused. */
interface Problem {
  readonly detail?: string;
  readonly issues?: readonly {
    readonly path: string;
    readonly message: string;
  }[];
}

/** A request that the server has refused. */
class Refusal extends Error {
  readonly problem: Problem;

  constructor(status: number, problem: Problem) {
    super(problem.detail ?? `The server has answered ${status}`);
    this.problem = problem;
  }
}

const UNREACHABLE = "The server cannot be reached. Try again in a moment.";

const add = find("add", HTMLFormElement);
const save = find("save", HTMLButtonElement);
const filter = find("filter", HTMLFormElement);
const notice = find("notice", HTMLElement);
const list = find("links", HTMLElement);
const empty = find("empty", HTMLElement);
const count = find("count", HTMLElement);
const items = new Map<string, HTMLElement>();
/** The latest list that was asked for; an older answer is left aside. */
let latest = 0;

async function send<T>(
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const response = await fetch(`/api/links${path}`, {
    method,
    headers: {
      accept: "application/json",
      ...(body !== undefined && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (response.status === 204) return undefined as T;
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  throw new Refusal(response.status, answer);
}

function explain(cause: unknown): string {
  return cause instanceof Refusal ? cause.message : UNREACHABLE;
}

/** Does something, and shows below the filter why it has failed. */
async function attempt(run: () => Promise<void>): Promise<void> {
  try {
    await run();
    notice.textContent = "";
  } catch (cause) {
    notice.textContent = explain(cause);
  }
}

/** Shows the links that the filter lets through. */
async function refresh(): Promise<void> {
  const number = ++latest;
  const query = new URLSearchParams();
  const fields = new FormData(filter);
  for (const name of ["q", "show"]) query.set(name, String(fields.get(name)));
  const links = await send<Link[]>("GET", `?${query}`);
  if (number !== latest) return;
  showChildren(list, links.map(drawLink));
  const isFiltered = query.get("q") !== "" || query.get("show") !== "all";
  empty.hidden = links.length > 0;
  empty.textContent = isFiltered
    ? "Nothing matches."
    : "Nothing is saved yet: paste a link above.";
  count.textContent = `${links.length} ${
    links.length === 1 ? "link" : "links"
  }${isFiltered ? " shown" : ""}`;
}

function drawLink(link: Link): HTMLElement {
  const item = items.get(link.id) ?? makeItem(link);
  items.set(link.id, item);
  item.classList.toggle("read", link.isRead);
  const toggle = item.querySelector<HTMLButtonElement>(".toggle")!;
  toggle.ariaPressed = String(link.isRead);
  toggle.onclick = () =>
    attempt(async () => {
      await send("PATCH", `/${link.id}`, { isRead: !link.isRead });
      await refresh();
    });
  return item;
}

function makeItem({ id, url, title, time }: Link): HTMLElement {
  const { host } = new URL(url);
  const anchor = make("a", "title", title);
  anchor.href = url;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  const when = make("time", "", new Date(time).toLocaleDateString());
  when.dateTime = time;
  const text = make(
    "div",
    "text",
    anchor,
    make("p", "faint", make("bdi", "", host), " · ", when),
  );
  const toggle = make("button", "quiet toggle", "Read");
  toggle.type = "button";
  toggle.ariaLabel = `Read: ${title}`;
  const remove = make("button", "quiet remove", "✕");
  remove.type = "button";
  remove.ariaLabel = `Delete ${title}`;
  remove.onclick = () =>
    attempt(async () => {
      // The focus goes to the next link, or to the search.
      const next = items.get(id)?.nextElementSibling ??
        items.get(id)?.previousElementSibling;
      await send("DELETE", `/${id}`);
      await refresh();
      const target = next?.querySelector<HTMLElement>(".remove");
      (target ?? find("q", HTMLInputElement)).focus();
    });
  const buttons = make("div", "buttons", toggle, remove);
  return make("li", "panel", makeAvatar(host), text, buttons);
}

/** Shows beside each field what its schema has refused. */
function showIssues(cause?: unknown): void {
  const { issues, detail } = cause instanceof Refusal
    ? cause.problem
    : { issues: undefined, detail: cause && UNREACHABLE };
  const [first] = ["url", "title"].filter((name) => {
    const issue = issues?.find(({ path }) => path === name);
    // What is about no field, such as a link that is there, is about the link.
    const text = issue
      ? `It ${issue.message}`
      : name === "url" && !issues
      ? detail
      : undefined;
    find(`${name}-error`, HTMLElement).textContent = String(text ?? "");
    const field = find(name, HTMLInputElement);
    field.ariaInvalid = String(text !== undefined);
    return text !== undefined;
  });
  if (first !== undefined) find(first, HTMLInputElement).focus();
}

add.onsubmit = async (event) => {
  event.preventDefault();
  const fields = new FormData(add);
  save.disabled = true;
  try {
    await send("POST", "", {
      url: String(fields.get("url")).trim(),
      title: fields.get("title"),
    });
    showIssues();
    add.reset();
    find("url", HTMLInputElement).focus();
    await attempt(refresh);
  } catch (cause) {
    showIssues(cause);
  } finally {
    save.disabled = false;
  }
};

filter.oninput = () => attempt(refresh);
filter.onsubmit = (event) => {
  event.preventDefault();
  void attempt(refresh);
};

await attempt(refresh);
