/** A validator of the Standard Schema specification, version 1. */
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

/** The types of the specification. */
export declare namespace StandardSchemaV1 {
  /** The result of a validation. */
  export type Result<Output> =
    | { readonly value: Output; readonly issues?: undefined }
    | { readonly issues: ReadonlyArray<Issue> };
  /** One thing that is wrong with a value. */
  export interface Issue {
    /** The text. */
    readonly message: string;
    /** The place in the value. */
    readonly path?:
      | ReadonlyArray<PropertyKey | { readonly key: PropertyKey }>
      | undefined;
  }
}

/** One thing that is wrong with a value, in plain strings. */
export interface DescribedIssue {
  /** The place, as names with dots between; empty for the whole value. */
  readonly path: string;
  /** The text. */
  readonly message: string;
}

type Issues = readonly StandardSchemaV1.Issue[];

/** Turns the issues of a validator into plain strings. */
export function describeIssues(
  issues: Issues,
): DescribedIssue[] {
  return issues.map(({ message, path = [] }) => ({
    path: path.map((part) => String(typeof part === "object" ? part.key : part))
      .join("."),
    message,
  }));
}

/** Joins issues into one line. */
export function joinIssues(issues: readonly DescribedIssue[]): string {
  return issues.map(({ path, message }) =>
    path === "" ? message : `${path}: ${message}`
  ).join("; ");
}

/** Whether a value is a schema. */
export function isSchema(value: unknown): value is StandardSchemaV1 {
  // The schemas of arktype are functions.
  if (typeof value !== "object" && typeof value !== "function") return false;
  const { "~standard": standard } = (value ?? {}) as Partial<StandardSchemaV1>;
  return typeof standard?.validate === "function";
}

/**
 * Validates several forms of one value, in order, until a schema accepts one.
 *
 * @param schema The schema, sync or async.
 * @param values The forms.
 * @param refuse Makes the error from the issues of each form.
 * @returns The output of the schema.
 */
export function validateFirst<Output>(
  schema: StandardSchemaV1<unknown, Output>,
  values: readonly unknown[],
  refuse: (issues: readonly Issues[]) => unknown,
): Output | Promise<Output> {
  const found: Issues[] = [];

  function next(): Output | Promise<Output> {
    if (found.length === values.length) throw refuse(found);
    const result = schema["~standard"].validate(values[found.length]);
    return isThenable(result)
      ? Promise.resolve(result).then(settle)
      : settle(result);
  }

  function settle(
    result: StandardSchemaV1.Result<Output>,
  ): Output | Promise<Output> {
    if (result.issues === undefined) return result.value;
    found.push(result.issues);
    return next();
  }

  return next();
}

/** Not `instanceof`: promises of other kinds would pass for valid results. */
function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as Partial<PromiseLike<T>>).then === "function";
}
