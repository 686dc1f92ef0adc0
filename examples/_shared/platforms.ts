import { UnavailableError } from "../../tools/interop/peer.ts";
import { Example, type Start } from "./example.ts";

/**
 * Prepares an example on another platform for its tests.
 *
 * @param name The name of the example.
 * @param install Installs what it needs, and returns the command that starts it.
 * @returns What starts it; `undefined` where that cannot be installed, which is
 * said. With `PLATFORMS=required` in the environment it is an error.
 */
export async function prepareExample(
  name: string,
  install: () => Promise<readonly string[]>,
): Promise<Start | undefined> {
  try {
    const command = await install();
    return (options) => Example.run(command, options);
  } catch (error) {
    const isRequired = Deno.env.get("PLATFORMS") === "required";
    if (isRequired || !(error instanceof UnavailableError)) throw error;
    console.warn(`${name}: its tests are ignored, since ${error.message}`);
    return undefined;
  }
}

/**
 * Leaves out what takes long, and what the example on Deno shows as well.
 *
 * @param name The name of the test.
 * @param start What starts the example.
 * @returns It with `PLATFORMS=required` in the environment, else `undefined`,
 * which is said.
 */
export function ifRequired(
  name: string,
  start: Start | undefined,
): Start | undefined {
  if (start === undefined || Deno.env.get("PLATFORMS") === "required") {
    return start;
  }
  console.warn(`${name}: its page is tested with PLATFORMS=required alone`);
  return undefined;
}
