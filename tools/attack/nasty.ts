import { CloseError, EventError, HttpError } from "../../mod.ts";

/** An object that throws itself whatever is read of it. */
const nasty: object = {
  get message() {
    throw this;
  },
  get name() {
    throw this;
  },
  get stack() {
    throw this;
  },
  get cause() {
    throw this;
  },
  toString() {
    throw this;
  },
  toJSON() {
    throw this;
  },
  [Symbol.toPrimitive]() {
    throw this;
  },
  [Symbol.for("Deno.customInspect")]() {
    throw this;
  },
  [Symbol.for("nodejs.util.inspect.custom")]() {
    throw this;
  },
};

function spoil<E extends Error>(error: E): E {
  return Object.defineProperties(error, {
    message: { get: () => nasty },
    name: { get: () => nasty },
    stack: {
      get() {
        throw nasty;
      },
    },
  });
}

/** The values that a program can throw. */
const VALUES: Readonly<Record<string, () => unknown>> = {
  error: () => new Error("a secret of the program"),
  text: () => "a secret of the program",
  undefined: () => undefined,
  null: () => null,
  symbol: () => Symbol("thrown"),
  bigint: () => 1n,
  nasty: () => nasty,
  nastyError: () => spoil(new Error()),
  nastyEventError: () => spoil(new EventError("")),
  eventError: () => new EventError("refused by the program"),
  closeError: () => new CloseError(4900, "closed by the program"),
  httpError: () => new HttpError(418),
  proxy: () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  cycle: () => {
    const error = new Error("a secret of the program");
    return Object.assign(error, { cause: error });
  },
};

/** The ways in which a value can leave a function. */
const WAYS: Readonly<Record<string, (make: () => unknown) => unknown>> = {
  throw: (make) => {
    throw make();
  },
  reject: (make) => Promise.reject(make()),
  later: (make) => new Promise((_, reject) => setTimeout(() => reject(make()))),
  thenable: (make) => ({
    then() {
      throw make();
    },
  }),
  unreadable: (make) => ({
    get then() {
      throw make();
    },
  }),
  return: (make) => make(),
};

/** Every way to fail, as `way-value`. */
export const FAULTS: readonly string[] = Object.keys(WAYS).flatMap((way) =>
  Object.keys(VALUES).map((value) => `${way}-${value}`)
);

/** Fails in the given way. */
export function fail(fault: string): unknown {
  const [way = "", value = ""] = fault.split("-");
  return WAYS[way]!(VALUES[value]!);
}
