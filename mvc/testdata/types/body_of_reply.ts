// error: Argument of type 'ReadableStream<string>' is not assignable to parameter of type 'Body'
import { reply } from "../../../mod.ts";

declare const lines: ReadableStream<string>;
reply(lines);
