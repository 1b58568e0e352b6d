import { type Code, RpcError } from "@slipstream/stream";

/**
 * A value or message that does not fit, on its way up: each level of the interpreter puts its step before the path, and
 * the codec makes an RpcError of it. Never leaves this package. No Error, since taking a stack trace would cost more than
 * all else about a bad message.
 */
export class Fault {
  readonly message: string;
  readonly #path: string[] = [];

  constructor(message: string) {
    this.message = message;
  }

  /** Puts a step before the path: `.name` or `[index]`. */
  prepend(step: string): void {
    this.#path.unshift(step);
  }

  toRpcError(code: Code, root: string): RpcError {
    return new RpcError(code, `${root}${this.#path.join("")}: ${this.message}`);
  }
}

/** Adds a step to a fault; `error` is thrown again in any case. */
export function rethrowAt(step: string, error: unknown): never {
  if (error instanceof Fault) error.prepend(step);
  throw error;
}

/** A value in a few words, for "expected …, got …". */
export function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value.length > 40 ? `a string of ${value.length}` : JSON.stringify(value);
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
      return `${value}n`;
    case "boolean":
    case "undefined":
      return String(value);
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value)) return `an array of ${value.length}`;
      return `an object (${objectName(value)})`;
    default:
      return `a ${typeof value}`;
  }
}

function objectName(value: object): string {
  const { constructor } = value;
  return typeof constructor === "function" ? constructor.name : "no prototype";
}
