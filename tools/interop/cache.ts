import { homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Returns the folder that keeps what the peers need from one run to the next. */
export function cacheFolder(): URL {
  const folder = Deno.build.os === "windows"
    ? Deno.env.get("LOCALAPPDATA") || join(homedir(), "AppData", "Local")
    : Deno.build.os === "darwin"
    ? join(homedir(), "Library", "Caches")
    : Deno.env.get("XDG_CACHE_HOME") || join(homedir(), ".cache");
  return pathToFileURL(join(folder, "neffos-mvc-interop") + "/");
}
