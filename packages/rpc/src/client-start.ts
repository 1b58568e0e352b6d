import { forwardValues, getAllValues } from "@slipstream/metainfo";
import type { Address, CallInfo, CallStart, Ended, Fields, ServiceDescriptor } from "@slipstream/stream";
import { callerKey } from "./caller.ts";
import type { ClientOptions } from "./client-options.ts";
import { MetadataBudget } from "./limits.ts";
import { ContextEnded } from "./reasons.ts";

const defaultMaxMetadataBytes = 32 * 1024;

/** What a transport is told of a call. Of one shape whatever is set, so that reading it stays fast. */
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

  /** @throws RpcError `resource_exhausted` when metainfo and metadata are over the limit. */
  constructor(
    service: ServiceDescriptor,
    info: CallInfo,
    options: ClientOptions,
    metadata: Fields,
    to?: { readonly start: ClientStart; readonly address: Address },
  ) {
    const { context } = info;
    const values = forwardValues(context);
    const handler = context.getValue(callerKey);
    this.service = service.name;
    this.package = service.package;
    this.method = info.method;
    this.contentSubtype = service.contentSubtype;
    this.caller = options.caller ?? handler?.service;
    this.callerMethod = handler?.method;
    this.persistent = values.persistent;
    this.transient = options.metainfoPropagation === "legacy" ? getAllValues(context) : values.transient;
    this.metadata = metadata;
  }
}
