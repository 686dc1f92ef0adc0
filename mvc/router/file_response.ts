/**
 * Responses with a file, or with a list of the files of a folder.
 *
 * @module
 */

import type { Stats } from "node:fs";
import { type FileHandle, open, readdir } from "node:fs/promises";
import { extname } from "node:path";
import { findMediaType } from "./media_types.ts";

/** How much of a file is read at a time, in bytes. */
const CHUNK = 256 * 1024;

/**
 * Answers GET with a file: whole (200), in part (206), or not at all where the
 * client has it (304) or asks for a part that it has not (416).
 *
 * @param asked The headers of the request. Several ranges get the whole file.
 * @param path The path of the file.
 * @param stats What `stat()` said of it.
 */
export async function respondFile(
  asked: Headers,
  path: string,
  stats: Stats,
): Promise<Response> {
  const { size } = stats;
  const headers = new Headers({
    "accept-ranges": "bytes",
    "etag": makeTag(stats),
    "last-modified": stats.mtime.toUTCString(),
  });
  const type = findMediaType(extname(path));
  if (type !== undefined) headers.set("content-type", type);
  if (isKnown(asked, stats)) {
    return new Response(null, { status: 304, headers });
  }
  const range = readRange(asked, stats);
  if (range === undefined) {
    headers.set("content-length", `${size}`);
    const body = await readPart(path, { start: 0, end: size });
    return new Response(body, { headers });
  }
  const { start, end } = range;
  if (start >= end) {
    headers.set("content-range", `bytes */${size}`);
    headers.delete("content-type");
    return new Response(null, { status: 416, headers });
  }
  headers.set("content-range", `bytes ${start}-${end - 1}/${size}`);
  headers.set("content-length", `${end - start}`);
  const body = await readPart(path, range);
  return new Response(body, { status: 206, headers });
}

/** Makes a weak tag: two contents can share a size and a time. */
function makeTag({ size, mtimeMs }: Stats): string {
  return `W/"${size.toString(16)}-${Math.floor(mtimeMs).toString(16)}"`;
}

/** Reads the time of the last change as headers have it, in whole seconds. */
function readTime({ mtimeMs }: Stats): number {
  return Math.floor(mtimeMs / 1000) * 1000;
}

/** Whether the client has the file already (RFC 9110, section 13.1). */
function isKnown(asked: Headers, stats: Stats): boolean {
  const tags = asked.get("if-none-match");
  if (tags !== null) {
    const own = makeTag(stats).slice(2);
    return tags.split(",").map((tag) => tag.trim().replace(/^W\//, ""))
      .some((tag) => tag === own || tag === "*");
  }
  const since = asked.get("if-modified-since");
  return since !== null && readTime(stats) <= Date.parse(since);
}

/** Some bytes of a file. */
interface Range {
  readonly start: number;
  /** The position after the last one. */
  readonly end: number;
}

/**
 * Reads what part a client asks for (RFC 9110, section 14.1.2).
 *
 * @returns The part, an empty one if there is none such; `undefined` where the
 * whole file is to be sent.
 */
function readRange(asked: Headers, stats: Stats): Range | undefined {
  const { size } = stats;
  const match = /^bytes=(\d*)-(\d*)$/.exec(asked.get("range") ?? "");
  if (match === null || size === 0) return undefined;
  const condition = asked.get("if-range");
  // A tag never matches, since ours are weak.
  if (condition !== null && Date.parse(condition) !== readTime(stats)) {
    return undefined;
  }
  const [, first, last] = match;
  if (first) {
    const end = last ? Number(last) + 1 : size;
    return { start: Number(first), end: Math.min(end, size) };
  }
  return last
    ? { start: Math.max(0, size - Number(last)), end: size }
    : undefined;
}

/** Opens a file, and makes a stream that reads a part of it and closes it. */
async function readPart(
  path: string,
  { start, end }: Range,
): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | null> {
  if (start === end) return null;
  const file = await open(path);
  let at = start;
  return new ReadableStream({
    async pull(controller) {
      try {
        const chunk = await read(file, at, Math.min(CHUNK, end - at));
        controller.enqueue(chunk);
        at += chunk.length;
        if (at < end) return;
      } catch (error) {
        await file.close();
        throw error;
      }
      await file.close();
      controller.close();
    },
    cancel: () => file.close(),
  }, { highWaterMark: 0 });
}

async function read(
  file: FileHandle,
  position: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const buffer = new Uint8Array(length);
  const { bytesRead } = await file.read(buffer, 0, length, position);
  // The head has promised the rest.
  if (bytesRead === 0) throw new Error("The file has become shorter");
  return buffer.subarray(0, bytesRead);
}

/**
 * Answers with a page that lists a folder.
 *
 * @param folder The path of the folder.
 * @param title Its name for people.
 * @param dotfiles Whether it lists what has a full stop at its beginning.
 */
export async function respondList(
  folder: string,
  { title, dotfiles }: { title: string; dotfiles: boolean },
): Promise<Response> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter(({ name }) => dotfiles || !name.startsWith("."))
    .map((entry) => entry.isDirectory() ? `${entry.name}/` : entry.name)
    .sort();
  if (title !== "/") names.unshift("../");
  const items = names.map((name) => {
    const link = name.split("/").map(encodeURIComponent).join("/");
    return `<li><a href="./${link}">${escapeText(name)}</a></li>\n`;
  });
  const heading = escapeText(`Index of ${title}`);
  const page = `<!DOCTYPE html>\n<meta charset="utf-8">\n` +
    `<title>${heading}</title>\n<h1>${heading}</h1>\n` +
    `<ul>\n${items.join("")}</ul>\n`;
  const headers = { "content-type": "text/html; charset=UTF-8" };
  return new Response(page, { headers });
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
