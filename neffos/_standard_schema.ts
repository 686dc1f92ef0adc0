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
