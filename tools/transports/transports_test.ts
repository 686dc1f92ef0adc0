/** Every behaviour, on the transports of Deno. `deno task interop` has the others. */

import { within } from "../interop/journal.ts";
import { BEHAVIOURS } from "./behaviours.ts";
import { plan } from "./plan.ts";
import { REQUESTS } from "./requests.ts";
import {
  carry,
  chooseCarrier,
  deno,
  memory,
  type WsPackage,
} from "./transports.ts";

// The package is for this program alone.
const WS: string = "npm:ws@8";
const wsPackage: WsPackage = await import(WS);

const TRANSPORTS = [
  memory,
  carry(deno),
  carry(chooseCarrier("ws on Deno", wsPackage)),
];

for (const transport of TRANSPORTS) {
  for (const { name, run } of plan([...BEHAVIOURS, ...REQUESTS], transport)) {
    Deno.test({
      name: `${transport.name}: ${name}`,
      ignore: run === undefined,
      fn: () => within(run!(), 20_000, name),
    });
  }
}
