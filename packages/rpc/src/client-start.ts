import { type Context, type ForwardValues, forwardValues, getAllValues } from "@slipstream/metainfo";
import type { Address, CallInfo, CallStart, Ended, Fields, ServiceDescriptor } from "@slipstream/stream";
import { callerKey } from "./caller.ts";
import type { ClientOptions } from "./client-options.ts";
import { checkSize } from "./limits.ts";

const defaultMaxMetadataBytes = 32 * 1024;

/** The metainfo of a context that goes to the next service. */
function travelling(
  context: Context,
  { metainfoPropagation }: ClientOptions,
): Pick<ForwardValues, "persistent" | "transient"> {
  const values = forwardValues(context);
  if (metainfoPropagation !== "legacy") return values;
  return { persistent: values.persistent, transient: getAllValues(context) };
}

/** @throws RpcError `resource_exhausted` when metainfo and metadata together are over the limit. */
export function checkMetadataSize(context: Context, metadata: Fields, options: ClientOptions): void {
  const { persistent, transient } = travelling(context, options);
  if (persistent.size + transient.size + metadata.length === 0) return;
  const limit = options.maxMetadataBytes ?? defaultMaxMetadataBytes;
  checkSize("metainfo and metadata", limit, [persistent, transient], metadata);
}

/** What a transport is told of a call. It has all its fields, whatever is set: one shape for all calls stays fast to read. */
export class ClientStart implements CallStart {
  readonly service: string;
  readonly package: string | undefined;
  readonly method: string;
  readonly contentSubtype: string;
  readonly caller: string | undefined;
  readonly callerMethod: string | undefined;
  readonly persistent: ReadonlyMap<string, string>;
  readonly transient: ReadonlyMap<string, string>;
  readonly metadata: Fields;
  readonly timeoutMs: number | undefined;
  readonly ended: Ended;
  readonly address: Address;

  constructor(
    service: ServiceDescriptor,
    info: CallInfo,
    options: ClientOptions,
    metadata: Fields,
    ended: Ended,
    address: Address,
  ) {
    const { context } = info;
    const { persistent, transient } = travelling(context, options);
    const handler = context.getValue(callerKey);
    const remainingMs = context.remainingMs();
    this.service = service.name;
    this.package = service.package;
    this.method = info.method;
    this.contentSubtype = service.contentSubtype;
    this.caller = options.caller ?? handler?.service;
    this.callerMethod = handler?.method;
    this.persistent = persistent;
    this.transient = transient;
    this.metadata = metadata;
    this.timeoutMs = remainingMs === undefined ? undefined : wholeMs(remainingMs);
    this.ended = ended;
    this.address = address;
  }
}

/** The time left as it goes on a wire: 1 to 2^31 - 1. */
function wholeMs(remainingMs: number): number {
  return Math.min(Math.max(Math.ceil(remainingMs), 1), 2 ** 31 - 1);
}
