/** A method of a controller. */
export type Method = (this: object, ...args: unknown[]) => unknown;

/** The methods of a class or an object by their names, inherited ones too. */
export function methodsOf(controller: object): Map<string, Method> {
  const methods = new Map<string, Method>();
  let level: object | null = typeof controller === "function"
    ? controller.prototype
    : controller;
  for (; level && level !== Object.prototype; level = parentOf(level)) {
    for (const name of Object.getOwnPropertyNames(level)) {
      if (name === "constructor" || methods.has(name)) continue;
      const { value } = Object.getOwnPropertyDescriptor(level, name)!;
      if (typeof value === "function") methods.set(name, value);
    }
  }
  return methods;
}

function parentOf(level: object): object | null {
  return Object.getPrototypeOf(level);
}

/** Finds the namespace that a class or an object says it is for. */
export function namespaceOf(
  controller: object,
  name: string,
): string | undefined {
  const isClass = typeof controller === "function";
  if (isClass && "namespace" in controller.prototype) {
    throw new TypeError(
      `Cannot find the namespace of ${name}: a class says it in a static field, write \`static namespace\``,
    );
  }
  const own = controller as { namespace?: unknown };
  const value = typeof own.namespace === "function"
    ? own.namespace()
    : own.namespace;
  const fromClass = isClass ? undefined : staticNamespace(controller);
  const namespace = value ?? fromClass;
  if (namespace === undefined) return undefined;
  if (typeof namespace !== "string") {
    throw new TypeError(
      `Cannot find the namespace of ${name}: it is of type "${typeof namespace}", and must be a string`,
    );
  }
  if (fromClass !== undefined && fromClass !== namespace) {
    throw new TypeError(
      `Cannot find the namespace of ${name}: the class says "${fromClass}", the instance "${namespace}"`,
    );
  }
  return namespace;
}

function staticNamespace(instance: object): unknown {
  const { namespace } = instance.constructor as { namespace?: unknown };
  return typeof namespace === "function"
    ? namespace.call(instance.constructor)
    : namespace;
}

/**
 * Reads a static field of a class, or of the class of an instance. An object
 * that is of no class has it as its own field.
 */
export function staticOf(controller: object, field: string): unknown {
  const owner = staticOwnerOf(controller);
  // What `Object` and `Function` have is nobody's field.
  return owner !== undefined && field in owner && !(field in Function.prototype)
    ? Reflect.get(owner, field)
    : undefined;
}

/** Who has the static fields of a controller. */
export function staticOwnerOf(controller: object): object | undefined {
  if (typeof controller === "function" || isPlain(controller)) {
    return controller;
  }
  const Class: unknown = controller.constructor;
  return typeof Class === "function" ? Class : undefined;
}

function isPlain(controller: object): boolean {
  const parent = parentOf(controller);
  return parent === null || parent === Object.prototype;
}
