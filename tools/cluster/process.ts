/** A server of a cluster as a process; see `node.ts`. */

import { obey } from "../soak/commands.ts";
import { makeCommands } from "./node.ts";

await obey(makeCommands());
