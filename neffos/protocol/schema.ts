/** What this module needs of the Standard Schema specification, version 1. */
export interface StandardSchemaV1<Input = unknown, Output = Input> {
  /** The properties of the specification. */
  readonly "~standard": {
    /** The version of the specification. */
    readonly version: 1;
    /** The name of the library. */
    readonly vendor: string;
    /** Validates a value. */
    readonly validate: (
      value: unknown,
    ) =>
      | StandardSchemaV1.Result<Output>
      | Promise<StandardSchemaV1.Result<Output>>;
    /** The types, for the compiler alone. */
    readonly types?:
      | { readonly input: Input; readonly output: Output }
      | undefined;
  };
}

/** The parts of the specification. */
export declare namespace StandardSchemaV1 {
  /** What a validation gives. */
  export type Result<Output> =
    | { readonly value: Output; readonly issues?: undefined }
    | { readonly issues: ReadonlyArray<Issue> };
  /** What is wrong. */
  export interface Issue {
    /** The text. */
    readonly message: string;
    /** Where in the value. */
    readonly path?:
      | ReadonlyArray<PropertyKey | { readonly key: PropertyKey }>
      | undefined;
  }
}

/** What is wrong with a value, and where. */
export interface DescribedIssue {
  /** Where, by names with dots between; empty for the whole value. */
  readonly path: string;
  /** What is wrong. */
  readonly message: string;
}

/** Reads the issues of a validator, whatever their paths are made of. */
export function describeIssues(
  issues: readonly StandardSchemaV1.Issue[],
): DescribedIssue[] {
  return issues.map(({ message, path = [] }) => ({
    path: path.map((part) => String(typeof part === "object" ? part.key : part))
      .join("."),
    message,
  }));
}

/** Writes issues in one line, for people. */
export function joinIssues(issues: readonly DescribedIssue[]): string {
  return issues.map(({ path, message }) =>
    path === "" ? message : `${path}: ${message}`
  ).join("; ");
}

/** Tells a schema that the types may not have seen. */
export function isSchema(value: unknown): value is StandardSchemaV1 {
  // Those of arktype are functions.
  if (typeof value !== "object" && typeof value !== "function") return false;
  const { "~standard": standard } = (value ?? {}) as Partial<StandardSchemaV1>;
  return typeof standard?.validate === "function";
}
