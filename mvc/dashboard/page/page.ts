/// <reference lib="dom" />
import { fetchProgram } from "./api.ts";
import { ConnectionList } from "./connections.ts";
import { Detail } from "./detail.ts";
import { find, showText } from "./dom.ts";
import { formatAge } from "./format.ts";
import { Live, type LiveState } from "./live.ts";
import { Overview } from "./overview.ts";
import { Tables } from "./tables.ts";

/** After such a time without a sample, the page is stale, in milliseconds. */
const STALE = 3_500;

/** The samples from one look at the list of connections to the next. */
const LIST_EVERY = 5;

/** What the page says in each state. */
const STATES: Readonly<Record<LiveState, string>> = {
  connecting: "Connecting…",
  live: "Live",
  lost: "Stale. Reconnecting…",
  closing: "Stale. The server closes",
  full: "Too many pages look. Waiting…",
  refused: "Signed out. Reload the page",
};

const overview = new Overview();
const tables = new Tables();
const list = new ConnectionList();
const detail = new Detail(() => void list.refresh());
const pill = find("status", HTMLElement);
const uptime = find("uptime", HTMLElement);
let state: LiveState = "connecting";
let lastTime = 0;
let samples = 0;

function showState(): void {
  const age = Date.now() - lastTime;
  const shown = state === "live" && age > STALE ? "lost" : state;
  const isStale = shown !== "live" && shown !== "connecting";
  pill.className = isStale ? "pill stale" : `pill ${shown}`;
  showText(pill, STATES[shown]);
  document.title = isStale ? "Stale: Dashboard" : "Dashboard";
  // Not in the status, which screen readers would read out each second.
  if (isStale && lastTime > 0) {
    showText(uptime, `last update ${formatAge(age)} ago`);
  }
}

new Live({
  onPoints: (points) => overview.setPoints(points),
  onSample(sample) {
    find("main", HTMLElement).classList.remove("unknown");
    lastTime = Date.now();
    const { point, startTime } = sample;
    overview.show(sample);
    tables.show(sample);
    list.time = detail.time = point.time;
    list.hasCluster =
      detail.hasCluster =
        (sample.cluster?.servers.length ?? 0) > 1;
    showText(uptime, `up ${formatAge(point.time - startTime)}`);
    if (samples++ % LIST_EVERY === 0) void list.refresh();
    void detail.refresh();
  },
  onState(next) {
    state = next;
    showState();
  },
});
setInterval(showState, 1_000);

fetchProgram().then((text) => {
  if (text === undefined) return;
  find("program", HTMLElement).hidden = false;
  showText(find("explain", HTMLElement), text);
}, () => {});
