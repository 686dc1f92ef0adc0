/** How many broadcasts a burst is. */
export const BURST = 10;

/** A room for all, where a server has rooms of its own. */
export const ALL = "all";

/**
 * Answers a frame of a client of this module as a bare server does, which looks at
 * its first letters alone: so that it sends and receives the same bytes.
 */
export function answer(frame, { send, broadcast }) {
  if (frame.startsWith(";default;;onEcho;")) send(frame);
  else if (frame.startsWith(";default;;onShout;")) broadcast(frame);
  else if (frame.startsWith(";default;;onBurst;")) {
    for (let i = 0; i < BURST; i++) broadcast(frame);
  } else if (frame === "M") send("Abare");
  else send(`${frame.slice(0, frame.indexOf(";"))};;;;;;`);
}
