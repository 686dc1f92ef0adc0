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
