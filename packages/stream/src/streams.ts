import type { Context } from "@slipstream/metainfo";
import type { CallInfo } from "./call-info.ts";
import type { AnyMethod, KindOf, RequestOf, ResponseOf, ServiceDescriptor } from "./descriptor.ts";
import type { Header, HeaderInit } from "./header.ts";
import type { CallOptions, StreamOptions } from "./options.ts";

/** The receiving half. `recv` and iteration give the same messages: each message goes to one of them. */
export interface Incoming<T> extends AsyncIterable<T> {
  /**
   * The next message; `undefined` when the other side has sent its last. Answers with the call's error once everything
   * that arrived before it has been taken. Calls may overlap: first in, first out.
   */
  recv(): Promise<T | undefined>;
  /**
   * A message that is already there, without waiting; `undefined` when there is none right now, which says nothing about
   * the end. For readers that take bursts.
   */
  tryRecv(): T | undefined;
}

/** The sending half. */
export interface Outgoing<T> {
  /**
   * Puts a message on its way. Resolved means: in the local buffer, with room for more; not that the peer has it. While a
   * slow peer leaves the buffer full it resolves late. Rejects with `failed_precondition` after a half-close or after
   * the end, with the call's error when that has failed. Need not be awaited to keep the order, nor to stay safe.
   */
  send(message: T): Promise<void>;
}

/** What every open stream of a client has. */
export interface ClientStream extends AsyncDisposable {
  readonly context: Context;
  readonly info: CallInfo;
  /**
   * The server's header, as soon as it arrives, or the error of a call that broke before. Any number of times; not
   * calling it holds nothing back.
   */
  header(): Promise<Header>;
  /** The server's trailer, at the end of the call, whatever it ended with; rejects when the call broke without one. */
  trailer(): Promise<Header>;
  /**
   * Ends the call at once on both sides: pending and later `recv` reject with `cancelled`, and the handler's signal ends.
   * `reason` becomes the error's cause, and its text travels where the wire has a place for it. Idempotent.
   */
  cancel(reason?: unknown): void;
  /** Records the end of the call for tracers, for streams that end by another agreement. Changes nothing else. */
  finish(error?: unknown): void;
  /** Cancels the call if it is still open. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface ClientStreaming<In, Out> extends ClientStream, Outgoing<In> {
  /** Half-closes and waits for the one response. */
  closeAndRecv(): Promise<Out>;
}

/** Leaving a `for await` over it early cancels the call. */
export interface ServerStreaming<Out> extends ClientStream, Incoming<Out> {}

/** Leaving a `for await` over it early cancels the call. */
export interface BidiStreaming<In, Out> extends ClientStream, Outgoing<In>, Incoming<Out> {
  /** Half-close: says that nothing more will be sent. Receiving goes on; idempotent. */
  closeSend(): Promise<void>;
}

/** What every handler gets. */
export interface ServerCall {
  /** Metainfo, deadline, incoming metadata of the call; ends with the call. */
  readonly context: Context;
  readonly info: CallInfo;
  /** Aborts when the call is over before the handler is: cancelled, past its deadline, or its connection lost. */
  readonly signal: AbortSignal;
  /** Adds to the header. Fails with `failed_precondition` once the header is out. A later set of a name replaces. */
  setHeader(header: HeaderInit): void;
  /** Sends the header now, before any message. Rejects with `failed_precondition` when it is already out. */
  sendHeader(header?: HeaderInit): Promise<void>;
  /** Adds to the trailer, which goes out when the handler ends. A later set of a name replaces. */
  setTrailer(trailer: HeaderInit): void;
}

/** Leaving a `for await` over it early only stops reading: the rest is dropped, and the answer still goes out. */
export interface ClientServerStream<In> extends ServerCall, Incoming<In> {}
export interface ServerServerStream<Out> extends ServerCall, Outgoing<Out> {}
export interface BidiServerStream<In, Out> extends ServerCall, Incoming<In>, Outgoing<Out> {}

/** The function that serves a method. */
export type Handler<M extends AnyMethod> =
  KindOf<M> extends "pingpong" | "unary"
    ? (request: RequestOf<M>, call: ServerCall) => ResponseOf<M> | Promise<ResponseOf<M>>
    : KindOf<M> extends "oneway"
      ? (request: RequestOf<M>, call: ServerCall) => void | Promise<void>
      : KindOf<M> extends "client"
        ? (stream: ClientServerStream<RequestOf<M>>) => Promise<ResponseOf<M>>
        : KindOf<M> extends "server"
          ? (
              request: RequestOf<M>,
              stream: ServerServerStream<ResponseOf<M>>,
            ) => AsyncIterable<ResponseOf<M>> | Promise<void>
          : (
              stream: BidiServerStream<RequestOf<M>, ResponseOf<M>>,
            ) => AsyncIterable<ResponseOf<M>> | Promise<void>;

/** All handlers of a service: an object literal, or an instance of a class that implements it. */
export type Implementation<S extends ServiceDescriptor> = {
  [K in keyof S["methods"]]: Handler<S["methods"][K]>;
};

/** The function that calls a method. */
export type ClientMethod<M extends AnyMethod> =
  KindOf<M> extends "pingpong" | "unary"
    ? (request: RequestOf<M>, options?: CallOptions) => Promise<ResponseOf<M>>
    : KindOf<M> extends "oneway"
      ? (request: RequestOf<M>, options?: CallOptions) => Promise<void>
      : KindOf<M> extends "client"
        ? (options?: StreamOptions) => Promise<ClientStreaming<RequestOf<M>, ResponseOf<M>>>
        : KindOf<M> extends "server"
          ? (request: RequestOf<M>, options?: StreamOptions) => Promise<ServerStreaming<ResponseOf<M>>>
          : (options?: StreamOptions) => Promise<BidiStreaming<RequestOf<M>, ResponseOf<M>>>;

/** All methods of a service. */
export type ClientMethods<S extends ServiceDescriptor> = {
  readonly [K in keyof S["methods"]]: ClientMethod<S["methods"][K]>;
};
