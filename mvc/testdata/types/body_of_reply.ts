// error at 7:7: Argument of type 'ReadableStream<string>' is not assignable to parameter of type 'Body'.
//   Type 'ReadableStream<string>' is not assignable to type '{ readonly [key: string]: unknown; }'.
//     Index signature for type 'string' is missing in type 'ReadableStream<string>'.
import { reply } from "../../../mod.ts";

declare const lines: ReadableStream<string>;
reply(lines);
