import { type Field, type Fields, type Peer, readUtf8 } from "@slipstream/stream";
import { ACL_TOKEN_KEY } from "./format.ts";
import { type PairVisitor, visitPairs } from "./frame-head.ts";
import type { HeaderBlock } from "./header-block.ts";
import type { PingPongForm } from "./payload.ts";
import type { TextRange } from "./platform.ts";

/** Who is at the other end of a connection, as far as its owner knows. */
export interface SessionPeer {
  readonly address: string;
  /** Name of the transport that made the connection. */
  readonly transport: string;
  readonly tls?: unknown;
  /** As {@link Peer.extendContext}. */
  readonly extendContext?: Peer["extendContext"];
  /** How a client writes ping-pong requests to it. @defaultValue "ttheader" */
  readonly pingPong?: PingPongForm | undefined;
  /** It is known to be Slipstream before it says hello: by the subprotocol of a WebSocket. */
  readonly isSlipstream?: boolean;
}

/** A connection's peer, with the header block of one call. */
export class StreamPeer implements Peer {
  readonly isSlipstream: boolean;
  readonly block: HeaderBlock | undefined;
  readonly #connection: ConnectionPeer;

  constructor(connection: ConnectionPeer, isSlipstream: boolean, block: HeaderBlock | undefined) {
    this.#connection = connection;
    this.isSlipstream = isSlipstream;
    this.block = block;
  }

  get address(): string {
    return this.#connection.address;
  }

  get transport(): string {
    return this.#connection.transport;
  }

  get protocol(): string {
    return this.#connection.protocol;
  }

  get tls(): unknown {
    return this.#connection.tls;
  }

  get extendContext(): Peer["extendContext"] {
    return this.#connection.extendContext;
  }

  get raw(): Fields {
    const list = new FieldList();
    if (this.block !== undefined) visitPairs(this.block.bytes, this.block.start, this.block.end, list);
    return list.fields;
  }
}

/** All pairs as they came. */
class FieldList implements PairVisitor {
  readonly fields: Field[] = [];

  onPair(
    bytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    text: TextRange,
    valueStart: number,
    valueEnd: number,
  ): void {
    this.fields.push([readUtf8(bytes, keyStart, keyEnd), text.read(valueStart, valueEnd)]);
  }

  onToken(value: string): void {
    this.fields.push([ACL_TOKEN_KEY, value]);
  }
}

/** The other side of a connection; whether it is Slipstream shows when it has said hello. */
export class ConnectionPeer implements Peer {
  readonly address: string;
  readonly transport: string;
  readonly protocol = "ttheader";
  readonly tls: unknown;
  readonly extendContext: Peer["extendContext"];
  isSlipstream = false;

  constructor(peer: SessionPeer) {
    this.address = peer.address;
    this.transport = peer.transport;
    this.tls = peer.tls;
    this.extendContext = peer.extendContext;
  }
}
