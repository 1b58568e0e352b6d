import { Context } from "@slipstream/metainfo";
import { type AnyMethod, RpcError, type ServiceDescriptor } from "@slipstream/stream";
import { callerKey } from "../caller.ts";
import { ReceivedMetainfo } from "./received-metainfo.ts";

/** A method and the function that serves it. */
export interface Entry {
  readonly service: ServiceDescriptor;
  readonly method: AnyMethod;
  /** Makes what the context of every call of the method starts from: it says whose handler it is. */
  readonly metainfo: ReceivedMetainfo;
  /** The handler, bound to its implementation. */
  readonly handle: (...args: readonly unknown[]) => unknown;
  /** As the method's codec does it; but what a handler gives that does not fit its type is no fault of the caller. */
  readonly encodeResponse: (response: unknown) => Uint8Array;
}

/** The services of one server, by their names on the wire. */
export class Registry {
  readonly #services = new Map<string, Map<string, Entry>>();
  readonly #serverName: string | undefined;

  /** `serverName`: by which services that handlers call know this one; else they know the service's own name. */
  constructor(serverName?: string) {
    this.#serverName = serverName;
  }

  /** @throws RpcError `invalid_argument` when a handler is missing or the name is taken. */
  add(service: ServiceDescriptor, implementation: Readonly<Record<string, unknown>>): void {
    if (this.#services.has(service.name)) {
      throw new RpcError("invalid_argument", `service ${service.name} has been added before`);
    }
    const missing = Object.keys(service.methods).filter((key) => typeof implementation[key] !== "function");
    if (missing.length > 0) {
      throw new RpcError("invalid_argument", `service ${service.name}: no handler for ${missing.join(", ")}`);
    }
    const methods = new Map<string, Entry>();
    for (const [key, method] of Object.entries(service.methods)) {
      if (methods.has(method.name)) {
        throw new RpcError(
          "invalid_argument",
          `service ${service.name} has two methods named ${method.name}`,
        );
      }
      const handler = implementation[key] as Entry["handle"];
      methods.set(method.name, {
        service,
        method,
        metainfo: new ReceivedMetainfo(
          Context.background.setValue(callerKey, {
            service: this.#serverName ?? service.name,
            method: method.name,
          }),
        ),
        handle: handler.bind(implementation),
        encodeResponse: (response) => encodeResponse(method, response),
      });
    }
    this.#services.set(service.name, methods);
  }

  /**
   * Strict when the caller names a service. When it names none, as stock Kitex ping-pong clients do, the one service
   * that has the method.
   *
   * @throws RpcError `unimplemented`, with Thrift type 20 for an unknown service and 1 for an unknown method.
   */
  find(service: string, method: string): Entry {
    if (service === "") return this.#findByMethod(method);
    const methods = this.#services.get(service);
    if (!methods) {
      throw new RpcError("unimplemented", `unknown service ${service}; this server has ${this.#names()}`, {
        origin: { thriftType: 20 },
      });
    }
    const entry = methods.get(method);
    if (!entry) throw unknownMethod(method, `service ${service} has ${list(methods.keys())}`);
    return entry;
  }

  #findByMethod(method: string): Entry {
    const found = [...this.#services.values()]
      .map((methods) => methods.get(method))
      .filter((entry) => entry !== undefined);
    const [entry] = found;
    if (!entry)
      throw unknownMethod(
        method,
        `no service has it, and the call names none; this server has ${this.#names()}`,
      );
    if (found.length > 1) {
      const services = list(found.map(({ service }) => service.name));
      throw unknownMethod(method, `several services have it (${services}), and the call names none`);
    }
    return entry;
  }

  #names(): string {
    return this.#services.size === 0 ? "no services" : list(this.#services.keys());
  }
}

function unknownMethod(method: string, why: string): RpcError {
  return new RpcError("unimplemented", `unknown method ${method}; ${why}`, { origin: { thriftType: 1 } });
}

function list(names: Iterable<string>): string {
  return [...names].join(", ");
}

function encodeResponse({ name, response: codec }: AnyMethod, response: unknown): Uint8Array {
  try {
    return codec.encode(response);
  } catch (cause) {
    const why = RpcError.from(cause).message;
    throw new RpcError("internal", `the handler of ${name} gave what does not fit its type: ${why}`, {
      cause,
    });
  }
}
