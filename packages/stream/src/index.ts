export { decodeUtf8 } from "@slipstream/metainfo";
export { allocate, fromBase64, readUtf8, toBase64, utf8Length, writeUtf8 } from "#text";
export type { Address } from "./address.ts";
export { parseAddress } from "./address.ts";
export { BackOff } from "./back-off.ts";
export type { Balancer, Pick, PickOutcome, PickRequest, Resolver, Target } from "./balance.ts";
export type { CallInfoInit } from "./call-info.ts";
export { CallInfo } from "./call-info.ts";
export type { Code } from "./code.ts";
export { codeFromNumber, codeToNumber } from "./code.ts";
export type { MessageCodec, ResponseCodec } from "./codec.ts";
export { decorateStream } from "./decorate.ts";
export type {
  AnyMethod,
  KindOf,
  MethodDescriptor,
  MethodKind,
  MethodTypes,
  RequestOf,
  ResponseOf,
  ServiceDescriptor,
} from "./descriptor.ts";
export { isCallKind } from "./descriptor.ts";
export type { Ended } from "./ended.ts";
export { Ending, neverEnded } from "./ended.ts";
export type { CallError, RpcErrorOptions, RpcErrorOrigin } from "./errors.ts";
export { BizStatusError, RpcError } from "./errors.ts";
export type { OnEvent, TransportEvent } from "./events.ts";
export type { Field, Fields } from "./fields.ts";
export { noFields } from "./fields.ts";
export type { HeaderInit } from "./header.ts";
export { Header, HeaderBuilder, toFields } from "./header.ts";
export { Latch } from "./latch.ts";
export type {
  CallHandler,
  Middleware,
  MiddlewareBuilder,
  MiddlewareInit,
  RecvHandler,
  SendHandler,
} from "./middleware.ts";
export { buildMiddleware, composeCall, composeRecv, composeSend } from "./middleware.ts";
export { isHiddenName, isReservedName } from "./names.ts";
export type { CallOptions, RecvTimeout, StreamOptions } from "./options.ts";
export { ReceiveQueue } from "./receive-queue.ts";
export { isSendRefusal, messageTooLarge, sendBufferFull } from "./send-refusal.ts";
export type { SideEntry } from "./side-entry.ts";
export { decodeSideEntry, emptySideEntry, encodeSideEntry } from "./side-entry.ts";
export type {
  BidiServerStream,
  BidiStreaming,
  ClientMethod,
  ClientMethods,
  ClientServerStream,
  ClientStream,
  ClientStreaming,
  Handler,
  Implementation,
  Incoming,
  Outgoing,
  ServerCall,
  ServerServerStream,
  ServerStreaming,
} from "./streams.ts";
export type { CallResult, CallTrace, StreamEvent, Tracer } from "./tracer.ts";
export type {
  ByteStream,
  CallStart,
  ClientByteStream,
  ClientTransport,
  OpenOptions,
  Peer,
  Reply,
  RunningTransport,
  ServerByteCall,
  ServerByteStream,
  ServerHandler,
  ServerStart,
  ServerTransport,
  StreamEnd,
} from "./transport.ts";
