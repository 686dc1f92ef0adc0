/**
 * Makes the steps of a test that go on from one another: after one that has
 * failed, the others are not tried.
 *
 * @param t The context of the test.
 * @returns What runs a step.
 */
export function stepInOrder(
  t: Deno.TestContext,
): (name: string, run: () => Promise<void>) => Promise<void> {
  return async (name, run) => {
    if (!await t.step(name, run)) throw new Error(`Failed: ${name}`);
  };
}
