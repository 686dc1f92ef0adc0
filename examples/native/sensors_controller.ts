import { type Message, NSConn, OnNativeMessage } from "@neffos/mvc";

/** What a sensor has measured. */
export interface Reading {
  readonly sensor: string;
  readonly value: number;
  /** When the server received it, in ISO 8601. */
  readonly time: string;
}

/** The most readings that are kept, for those who come later. */
const LIMIT = 200;

/** A service, of which the application makes one: the latest readings. */
export class Readings {
  readonly #list: Reading[] = [];

  list(): readonly Reading[] {
    return this.#list;
  }

  add(reading: Reading): void {
    this.#list.push(reading);
    if (this.#list.length > LIMIT) this.#list.shift();
  }
}

/**
 * Its only event is for native messages, so a client needs no library: what it
 * sends is a message, and what it receives is a body, with nothing around them.
 */
export class SensorsController {
  static readonly namespace = "";
  static readonly inject = [NSConn, Readings] as const;

  constructor(readonly nsConn: NSConn, readonly readings: Readings) {}

  /** Takes `{"sensor": "kitchen", "value": 21.5}`, and tells everybody. */
  onNativeMessage(msg: Message<string>) {
    const reading = readReading(msg.text());
    if (reading === undefined) {
      const error = 'Send JSON such as {"sensor": "kitchen", "value": 21.5}';
      this.nsConn.emit(OnNativeMessage, { error });
    } else {
      this.readings.add(reading);
      this.nsConn.broadcast(OnNativeMessage, reading);
    }
  }
}

/** Reads a message of a client, which may have sent anything. */
function readReading(text: string): Reading | undefined {
  try {
    const { sensor, value } = Object(JSON.parse(text));
    const isName = typeof sensor === "string" && /^[\w -]{1,30}$/.test(sensor);
    if (!isName || !Number.isFinite(value)) return undefined;
    return { sensor, value, time: new Date().toISOString() };
  } catch {
    return undefined;
  }
}
