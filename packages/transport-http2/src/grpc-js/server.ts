import type { Server, ServerDuplexStream } from "@grpc/grpc-js";
import {
  Ending,
  RpcError,
  type RunningTransport,
  type ServerHandler,
  type ServerTransport,
  type ServiceDescriptor,
} from "@slipstream/stream";
import { BadRequest, type Request, readRequest } from "../received-request.ts";
import { type GrpcJsLimits, identity } from "./message-queue.ts";
import { fromMetadata } from "./metadata.ts";
import { type GrpcJsOptions, resolveLimits } from "./options.ts";
import { GrpcJsServerStream } from "./server-stream.ts";

/**
 * Serves `services` on a server of grpc-js, beside what the program has added to it: the paths of their methods, with and
 * without their package, are registered when the Slipstream server starts. Ports, credentials and the end of the server are
 * the program's. grpc-js knows methods by their exact paths: a client that names another package gets `unimplemented`.
 *
 * @example
 * const grpc = new Server();
 * const server = createServer({ transports: [grpcJsServer(grpc, [Shop])] }).add(Shop, implementation);
 * await server.listen();
 * grpc.bindAsync("0.0.0.0:8888", ServerCredentials.createInsecure(), (error) => { … });
 */
export function grpcJsServer(
  server: Server,
  services: readonly ServiceDescriptor[],
  options: GrpcJsOptions = {},
): ServerTransport {
  const limits = resolveLimits(options);
  return { name: "grpc-js", serve: async (handler) => new Mounted(server, services, limits, handler) };
}

/** Services on a grpc-js server, and the calls to them. */
class Mounted implements RunningTransport {
  readonly addresses = [];
  readonly #server: Server;
  readonly #paths: readonly string[];
  readonly #limits: GrpcJsLimits;
  readonly #handler: ServerHandler;
  readonly #calls = new Set<GrpcJsServerStream>();
  #isDraining = false;

  constructor(
    server: Server,
    services: readonly ServiceDescriptor[],
    limits: GrpcJsLimits,
    handler: ServerHandler,
  ) {
    this.#server = server;
    this.#limits = limits;
    this.#handler = handler;
    this.#paths = services.flatMap(pathsOf);
    for (const path of this.#paths) {
      const isNew = server.register(
        path,
        (call: ServerDuplexStream<Buffer, Buffer>) => this.#serve(call),
        identity,
        identity,
        "bidi",
      );
      if (!isNew)
        throw new RpcError("failed_precondition", `the grpc-js server has a handler for ${path} already`);
    }
  }

  drain(): void {
    this.#isDraining = true;
  }

  async close(): Promise<void> {
    for (const path of this.#paths) this.#server.unregister(path);
    const error = new RpcError("unavailable", "the server closed the connection");
    for (const call of [...this.#calls]) call.end({ error, trailer: [] });
  }

  #serve(call: ServerDuplexStream<Buffer, Buffer>): void {
    const ended = new Ending();
    let request: Request;
    try {
      if (this.#isDraining) throw new BadRequest(new RpcError("unavailable", "the server is shutting down"));
      request = readRequest(fieldsOf(call), { address: call.getPeer(), transport: "grpc-js" }, ended);
    } catch (thrown) {
      const { error } = thrown as BadRequest;
      call.emit("error", { code: error.code === "unavailable" ? 14 : 13, details: error.message });
      return;
    }
    const stream = new GrpcJsServerStream(call, request, ended, this.#limits);
    this.#calls.add(stream);
    call.once("close", () => this.#calls.delete(stream));
    this.#handler.stream(stream);
  }
}

function pathsOf({ name, package: pkg, methods }: ServiceDescriptor): readonly string[] {
  const services = pkg === undefined ? [name] : [name, `${pkg}.${name}`];
  return services.flatMap((service) => Object.values(methods).map((method) => `/${service}/${method.name}`));
}

/** The request as it would have come without grpc-js, which takes path, deadline and compression out of the metadata. */
function fieldsOf(call: ServerDuplexStream<Buffer, Buffer>) {
  const deadline = call.getDeadline();
  const deadlineMs = deadline instanceof Date ? deadline.getTime() : deadline;
  const fields = fromMetadata(call.metadata).filter(
    ({ name }) => !name.startsWith("grpc-") && name !== "content-type",
  );
  fields.push({ name: ":path", value: call.getPath() });
  const contentType = call.metadata.get("content-type")[0];
  fields.push({
    name: "content-type",
    value: typeof contentType === "string" ? contentType : "application/grpc",
  });
  if (Number.isFinite(deadlineMs)) {
    const leftMs = Math.min(Math.max(1, Math.ceil(deadlineMs - Date.now())), 99_999_999);
    fields.push({ name: "grpc-timeout", value: `${leftMs}m` });
  }
  return fields;
}
