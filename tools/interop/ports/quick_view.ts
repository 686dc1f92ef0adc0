import { denoUpgrader, EventError, Server } from "../../../mod.ts";
import { namedUsers, type Notes } from "./notes.ts";
import type { Port, Served } from "./stage.ts";

const DAYS = [
  "Sunday",
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
];

/** Reads a date of the form mm-dd-yyyy; returns the day of its week. */
function readDay(text: string): number | undefined {
  const [, month, day, year] = /^(\d\d)-(\d\d)-(\d{4})$/.exec(text) ?? [];
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  // Date would take February 30 for a day in March.
  const isReal = date.getUTCMonth() === Number(month) - 1 &&
    date.getUTCDate() === Number(day);
  return isReal ? date.getUTCDay() : undefined;
}

function serve(notes: Notes): Served {
  const server = new Server(denoUpgrader(), {
    "/v1": {
      workday(nsConn, msg) {
        notes.note(nsConn, msg);
        const day = readDay(msg.text());
        if (day === undefined) {
          const tries = nsConn.conn.increment("tries");
          if (tries >= 3 && tries % 3 === 0) {
            throw new EventError("try 06-24-2019");
          }
          if (tries >= 6 && tries % 2 === 0) {
            nsConn.emit("notify", "do you know what you are doing?");
          }
          throw new EventError(`"${msg.text()}" is no date`);
        }
        const isWeekend = day === 0 || day === 6;
        return isWeekend ? "stay at home" : `a ${DAYS[day]}; go to work`;
      },
    },
  }, namedUsers(notes));
  const tell = (body: string) =>
    server.broadcast(null, { namespace: "/v1", event: "notify", body });
  return {
    handler: (request, info) => server.upgrade(request, info),
    server,
    commands: { tell },
  };
}

/** The quick view of neffos' README. */
export const quickView: Port = {
  name: "neffos: quick view; Go and neffos.js",
  original: "quick-view",
  serve,
  async play({ server, go, page }) {
    const ann = go("ann", "/");
    for (const date of ["06-24-2019", "06-29-2019", "02-29-2020"]) {
      ann.tell(`ask ${date}`);
    }
    const wrong = ["13-29-2019", "02-30-2019", "today", "6-4-2019"];
    for (const date of [...wrong, ...wrong]) ann.tell(`ask ${date}`);
    await ann.saw("workday failed", 8);
    const bob = page("bob", "/", { headers: { "X-Username": "bob" } });
    for (const date of [...wrong, "06-24-2019"]) bob.tell(`ask ${date}`);
    await bob.saw("workday answered");
    server.tell("tell the server is up; and running");
    await ann.saw("notify", 2);
    await bob.saw("notify");
    bob.tell("exit");
    await server.saw("bob disconnected");
    ann.tell("exit");
    await server.saw("ann disconnected");
  },
};
