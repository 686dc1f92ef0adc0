/**
 * Runs every check that a change has to pass, all of them, and says at the end which failed.
 *
 * ```sh
 * deno task ok
 * ```
 *
 * @module
 */

import config from "../deno.json" with { type: "json" };

const ENTRIES = Object.values(config.exports);

/** Programs may print, the modules that they are made of may not. */
const MODULES = ["mod.ts", "neffos", "mvc"];

const STEPS: Readonly<Record<string, readonly string[]>> = {
  format: ["fmt", "--check"],
  lint: ["lint"],
  console: [
    "lint",
    "--rules-include=no-console",
    "--ignore=**/*_test.ts,**/testdata/**",
    ...MODULES,
  ],
  imports: ["run", "-A", "tools/ok/imports.ts"],
  bundle: ["run", "-A", "tools/bundle.ts", "--check"],
  check: ["check", "--quiet"],
  page: ["check", "--quiet", "--config=tools/page.json", "neffos/client.ts"],
  doc: ["doc", "--lint", ...ENTRIES],
  test: ["test", "-A", "--doc", "--parallel"],
  publish: ["publish", "--dry-run", "--allow-dirty"],
};

async function run(name: string, args: readonly string[]): Promise<boolean> {
  console.log(`\n${name}: deno ${args.join(" ")}`);
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: new URL("../", import.meta.url),
  });
  const { success } = await command.spawn().status;
  return success;
}

const failed: string[] = [];
for (const [name, args] of Object.entries(STEPS)) {
  if (!await run(name, args)) failed.push(name);
}
console.log(
  failed.length === 0
    ? `\nok: ${Object.keys(STEPS).join(", ")}`
    : `\nFAILED: ${failed.join(", ")}`,
);
Deno.exit(failed.length === 0 ? 0 : 1);
