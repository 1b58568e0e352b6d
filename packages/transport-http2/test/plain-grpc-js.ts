import {
  type CallOptions,
  type ChannelOptions,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  type Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import type { AnyMethod, ServiceDescriptor } from "@slipstream/stream";

/** What grpc-js itself calls a service, with the codecs of a descriptor as its serializers: nothing else of ours is in it. */
export function definitionOf({ name, package: pkg, methods }: ServiceDescriptor): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(methods).map(([key, method]) => [
      key,
      definition(`/${pkg}.${name}/${method.name}`, method),
    ]),
  );
}

function definition(path: string, { kind, request, response }: AnyMethod) {
  return {
    path,
    requestStream: kind === "client" || kind === "bidi",
    responseStream: kind === "server" || kind === "bidi",
    requestSerialize: (message: unknown) => Buffer.from(request.encode(message)),
    requestDeserialize: (bytes: Buffer) => request.decode(new Uint8Array(bytes)),
    responseSerialize: (message: unknown) => Buffer.from(response.encode(message)),
    responseDeserialize: (bytes: Buffer) => response.decode(new Uint8Array(bytes)),
  };
}

/** A grpc-js server on a free port. */
export async function startPlainServer(
  service: ServiceDescriptor,
  implementation: UntypedServiceImplementation,
): Promise<AsyncDisposable & { readonly target: string }> {
  const server = new Server();
  server.addService(definitionOf(service), implementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    target: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}

export interface PlainReply {
  readonly response: unknown;
  readonly header: Metadata | undefined;
  readonly trailer: Metadata | undefined;
}

/** A grpc-js client for the methods of a service. */
export class PlainClient implements Disposable {
  readonly client: Client;
  readonly #definition: ServiceDefinition;

  constructor(service: ServiceDescriptor, target: string, options: ChannelOptions = {}) {
    this.client = new Client(target, credentials.createInsecure(), options);
    this.#definition = definitionOf(service);
  }

  unary(key: string, message: unknown, metadata: Metadata, options: CallOptions = {}): Promise<PlainReply> {
    const { path, requestSerialize, responseDeserialize } = this.#method(key);
    let header: Metadata | undefined;
    let trailer: Metadata | undefined;
    return new Promise((resolve, reject) => {
      const done = (error: Error | null, response?: unknown): void => {
        // The status event follows.
        setImmediate(() => (error ? reject(error) : resolve({ response, header, trailer })));
      };
      const { client } = this;
      const call = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        message,
        metadata,
        options,
        done,
      );
      call.on("metadata", (got) => (header = got));
      call.on("status", (status) => (trailer = status.metadata));
    });
  }

  bidi(key: string, metadata: Metadata, options: CallOptions = {}): ClientDuplexStream<unknown, unknown> {
    const { path, requestSerialize, responseDeserialize } = this.#method(key);
    return this.client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, metadata, options);
  }

  server(key: string, message: unknown, metadata: Metadata): ClientReadableStream<unknown> {
    const { path, requestSerialize, responseDeserialize } = this.#method(key);
    return this.client.makeServerStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      message,
      metadata,
    );
  }

  collect(key: string, messages: readonly unknown[], metadata: Metadata): Promise<unknown> {
    const { path, requestSerialize, responseDeserialize } = this.#method(key);
    return new Promise((resolve, reject) => {
      const call = this.client.makeClientStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        metadata,
        (error, response) => (error ? reject(error) : resolve(response)),
      );
      for (const message of messages) call.write(message);
      call.end();
    });
  }

  [Symbol.dispose](): void {
    this.client.close();
  }

  #method(key: string): ServiceDefinition[string] {
    const method = this.#definition[key];
    if (method === undefined) throw new Error(`no method ${key}`);
    return method;
  }
}
