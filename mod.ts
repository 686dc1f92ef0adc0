/**
 * Websocket controllers for Deno, over the neffos protocol.
 *
 * @module
 */

export * from "./mvc/mod.ts";
export * from "./neffos/mod.ts";
