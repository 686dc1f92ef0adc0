/** What must hold does not, or the machine cannot do what is asked of it. */
export class SoakFailure extends Error {
  override name = "SoakFailure";
}
