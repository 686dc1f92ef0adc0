/** An invariant does not hold, or the machine cannot run the soak. */
export class SoakFailure extends Error {
  override name = "SoakFailure";
}
