/**
 * The page of the sensors, with the WebSocket of the browser alone. The browser
 * gets it as it is, with only its types taken out.
 *
 * @module
 */

/// <reference lib="dom" />
import { ConnectionBanner } from "../../_shared/page/connection_banner.ts";
import { find, make } from "../../_shared/page/dom.ts";
import type { Reading } from "../sensors_controller.ts";

/** The time between two tries to connect, in milliseconds. */
const PAUSE = 3_000;
/** The most values in a curve. */
const WIDTH = 60;
/** The most sensors that are shown: anybody may invent some. */
const SENSORS = 100;

const sensors = find("sensors", HTMLElement);
const error = find("error", HTMLElement);
const address = Object.assign(new URL("/sensors", location.href), {
  protocol: location.protocol.replace("http", "ws"),
});
const banner = new ConnectionBanner(connect);

let curves = new Map<string, number[]>();
let items = new Map<string, HTMLElement>();
let socket: WebSocket;
let tries = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Listens, and then reads what was measured before, so that nothing is missed. */
function connect(): void {
  clearTimeout(timer);
  socket = new WebSocket(address);
  let early: Reading[] | undefined = [];
  socket.onopen = async () => {
    try {
      const response = await fetch("/readings");
      const readings: readonly Reading[] = await response.json();
      const last = readings.at(-1)?.time ?? "";
      [curves, items] = [new Map(), new Map()];
      sensors.replaceChildren();
      find("empty", HTMLElement).hidden = readings.length > 0;
      readings.forEach(show);
      early?.filter(({ time }) => time > last).forEach(show);
      early = undefined;
    } catch {
      return socket.close();
    }
    if (tries > 0) banner.onReconnect();
    tries = 0;
  };
  socket.onclose = retry;
  socket.onmessage = ({ data }) => {
    const message: Reading | { readonly error: string } = JSON.parse(data);
    if ("error" in message) error.textContent = message.error;
    else if (early !== undefined) early.push(message);
    else show(message);
  };
}

function retry(): void {
  banner.onReconnecting(++tries, PAUSE);
  timer = setTimeout(connect, PAUSE);
}

function show({ sensor, value, time }: Reading): void {
  find("empty", HTMLElement).hidden = true;
  const curve = [...curves.get(sensor) ?? [], value].slice(-WIDTH);
  curves.set(sensor, curve);
  const item = items.get(sensor) ?? make("li", "");
  items.set(sensor, item);
  const clock = make("time", "faint", new Date(time).toLocaleTimeString());
  clock.dateTime = time;
  item.replaceChildren(
    make("h2", "", sensor),
    make("span", "value", value.toLocaleString()),
    drawCurve(curve),
    clock,
  );
  if (item.parentElement === null) sensors.append(item);
  const [oldest] = items.keys();
  if (items.size > SENSORS) {
    items.get(oldest!)!.remove();
    items.delete(oldest!);
    curves.delete(oldest!);
  }
}

function drawCurve(curve: readonly number[]): SVGElement {
  const values = curve.length === 1 ? [...curve, ...curve] : curve;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const points = values.map((value, index) => {
    const y = high === low ? 0.5 : (high - value) / (high - low);
    return `${index / (values.length - 1)},${y}`;
  });
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 1 1");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.ariaHidden = "true";
  const line = document.createElementNS(svg.namespaceURI, "polyline");
  line.setAttribute("points", points.join(" "));
  svg.append(line);
  return svg;
}

find("address", HTMLElement).textContent = address.href;
find("send", HTMLFormElement).onsubmit = (event) => {
  event.preventDefault();
  error.textContent = "";
  if (socket?.readyState !== WebSocket.OPEN) {
    error.textContent = "Not sent: there is no connection.";
    return;
  }
  const sensor = find("sensor", HTMLInputElement).value;
  const value = find("value", HTMLInputElement).valueAsNumber;
  socket.send(JSON.stringify({ sensor, value }));
};
connect();
