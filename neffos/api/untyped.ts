/**
 * What this module hands out. Which events it may send is a claim of the
 * program that asks for it, which the compiler takes from `any` alone.
 */

// deno-lint-ignore-file no-explicit-any -- see above

import type { Message } from "../protocol/message.ts";
import type { NSConn } from "./ns_conn.ts";
import type { Room } from "./room.ts";

export type UntypedNSConn = NSConn<any>;

export type UntypedRoom = Room<any>;

export type UntypedMessage = Message<any>;
