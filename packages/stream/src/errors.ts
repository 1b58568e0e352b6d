import { ContextError } from "@slipstream/metainfo";
import { type Code, codeToNumber } from "./code.ts";

/** The peer's own numbers, as they came off the wire: for logs and for passing an error on unchanged. */
export interface RpcErrorOrigin {
  /** `grpc-status` as received, codes above 16 included (Kitex sends Thrift exception types there). */
  readonly grpcStatus?: number;
  /** Type of a Thrift `TApplicationException`. Set by a handler, it is what goes on a TTHeader wire. */
  readonly thriftType?: number;
  /** Kitex's number of a TTHeader stream error, 12001 to 12015. */
  readonly ttstream?: number;
  /** HTTP/2 error code of an RST_STREAM or GOAWAY. */
  readonly resetCode?: number;
  readonly httpStatus?: number;
  /** Services that a cancel came through, outermost first, joined by ",". */
  readonly cancelPath?: string;
  /** Where the error arose. */
  readonly side?: "client" | "server";
}

export interface RpcErrorOptions {
  readonly cause?: unknown;
  readonly origin?: RpcErrorOrigin;
  /** True only when the peer has certainly not started the call, so that repeating it is safe. @defaultValue false */
  readonly retryable?: boolean;
  /** `Service/method` of the call; filled in by `rpc` when a transport leaves it out. */
  readonly method?: string;
  /** The other side, as a target can be written; filled in by `rpc`. */
  readonly peer?: string;
}

// Two copies of this package can meet in one process; registered symbols know both.
const rpcErrorBrand = Symbol.for("@slipstream/stream/RpcError");
const bizErrorBrand = Symbol.for("@slipstream/stream/BizStatusError");

function hasBrand(value: unknown, brand: symbol): boolean {
  return typeof value === "object" && value !== null && brand in value;
}

/**
 * The one error of a failed call, whatever the transport. `message` is bare, without code or method in it, so that it
 * reads the same on every transport; {@link RpcError.describe} gives the line for a log.
 */
export class RpcError extends Error {
  override readonly name = "RpcError";
  readonly code: Code;
  readonly origin: RpcErrorOrigin | undefined;
  readonly retryable: boolean;
  method: string | undefined;
  peer: string | undefined;

  constructor(code: Code, message: string, options: RpcErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.origin = options.origin;
    this.retryable = options.retryable ?? false;
    this.method = options.method;
    this.peer = options.peer;
  }

  /** `rpc error: code = 4 (deadline_exceeded) method = Shop/buy peer = 10.0.0.1:80 desc = …`: one line for a log. */
  describe(): string {
    const where = `${this.method ? ` method = ${this.method}` : ""}${this.peer ? ` peer = ${this.peer}` : ""}`;
    return `rpc error: code = ${codeToNumber(this.code)} (${this.code})${where} desc = ${this.message}`;
  }

  /**
   * `reason` itself when it is an RpcError, else an RpcError with its text, and `reason` as the cause. The reasons of ended
   * contexts and of aborted signals keep their meaning: `cancelled` or `deadline_exceeded`; everything else is `code`.
   */
  static from(reason: unknown, code: Code = "internal"): RpcError {
    if (reason instanceof RpcError) return reason;
    if (reason instanceof Error)
      return new RpcError(endCode(reason) ?? code, reason.message, { cause: reason });
    return new RpcError(code, String(reason), { cause: reason });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return hasBrand(value, rpcErrorBrand);
  }
}
Object.defineProperty(RpcError.prototype, rpcErrorBrand, { value: true });

/** What an error says of the end of a context or signal, by the names that the platform gives to their reasons. */
function endCode(error: Error): Code | undefined {
  if (error instanceof ContextError) return error.code;
  if (error.name === "AbortError") return "cancelled";
  return error.name === "TimeoutError" ? "deadline_exceeded" : undefined;
}

/**
 * A business status: the call worked, and its answer is "no". Not an {@link RpcError}: middleware and tracers count the
 * call as a success, and the caller's `recv` (or the awaited call) throws it.
 */
export class BizStatusError extends Error {
  override readonly name = "BizStatusError";
  /** A 32-bit integer other than 0, which means "no error" on the wire. */
  readonly status: number;
  readonly extra: Readonly<Record<string, string>>;

  /** @throws RangeError when `status` is 0 or no 32-bit integer. */
  constructor(status: number, message: string, extra: Readonly<Record<string, string>> = {}) {
    super(message);
    if (status === 0 || status !== (status | 0)) {
      throw new RangeError(`BizStatusError: status must be a 32-bit integer other than 0, got ${status}`);
    }
    this.status = status;
    this.extra = extra;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return hasBrand(value, bizErrorBrand);
  }
}
Object.defineProperty(BizStatusError.prototype, bizErrorBrand, { value: true });

/** What a call can fail with on the transport boundary. */
export type CallError = RpcError | BizStatusError;
