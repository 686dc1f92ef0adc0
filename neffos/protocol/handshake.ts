/** The frames of the handshake; see the specification of the protocol. */

/** The client's first frame. */
export const HELLO = "M";

/** Begins the frame by which a server accepts a client; its ID follows. */
export const WELCOME = "A";

/** Begins the frame by which a server refuses a client; a text follows. */
export const REFUSAL = "H";
