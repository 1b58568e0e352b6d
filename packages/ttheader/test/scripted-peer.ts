import * as Flag from "../src/format/flag.ts";
import * as FrameKind from "../src/format/frame-kind.ts";
import * as IntKey from "../src/format/int-key.ts";
import * as ProtocolId from "../src/format/protocol-id.ts";
import { decodeFrame, type Frame } from "../src/frame.ts";
import { encodeFrame, type FrameInit, type StringPair, streamFrame } from "../src/frame-encode.ts";
import { FrameReader, type Framing, streamFraming } from "../src/frame-reader.ts";
import { resolveLimits } from "../src/limits.ts";
import type { Link, LinkReceiver } from "../src/link.ts";

/** A link whose other end is the test: it reads the frames that a session writes, and writes what a peer would. */
export class ScriptedPeer implements Link {
  readonly framing: Framing = streamFraming;
  receiver: LinkReceiver | undefined;
  /** While true the link says that it is full. */
  isFull = false;
  isPaused = false;
  isEnded = false;
  isDestroyed = false;
  /** How often the session wrote. */
  writes = 0;
  #frames: Frame[] = [];
  #flushes: (() => void)[] = [];
  readonly #reader: FrameReader;

  constructor() {
    this.#reader = new FrameReader(resolveLimits(), {
      onFrame: (bytes, start, end) => this.#frames.push(decodeFrame(bytes.slice(start, end))),
    });
  }

  write(chunks: readonly Uint8Array[]): boolean {
    this.writes++;
    for (const chunk of chunks) this.#reader.push(chunk);
    return !this.isFull;
  }

  schedule(flush: () => void): void {
    this.#flushes.push(flush);
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  end(): void {
    this.isEnded = true;
  }

  destroy(): void {
    this.isDestroyed = true;
  }

  /** Ends the turn, and gives the frames written since the last time. */
  take(): Frame[] {
    for (const flush of this.#flushes.splice(0)) flush();
    return this.#frames.splice(0);
  }

  /** As {@link take}, in short: kind and stream of each frame, as `HEADER 1`. */
  takeKinds(): string[] {
    return this.take().map(describeFrame);
  }

  /** The peer writes. */
  send(...frames: readonly (FrameInit | Uint8Array)[]): void {
    for (const frame of frames) {
      this.receiver?.onData(frame instanceof Uint8Array ? frame : encodeFrame(frame));
    }
  }

  /** The link has room again. */
  drain(): void {
    this.isFull = false;
    this.receiver?.onDrain();
  }
}

const kindNames = Object.fromEntries(
  Object.entries(FrameKind).map(([name, kind]) => [kind, name.toUpperCase()]),
);

export function describeFrame(frame: Frame): string {
  return `${frame.kind === FrameKind.none ? "MESSAGE" : kindNames[frame.kind]} ${frame.sequenceId}`;
}

const noPayload = new Uint8Array(0);

function frame(
  kind: FrameKind.Kind,
  id: number,
  strings?: readonly StringPair[],
  payload: Uint8Array = noPayload,
): FrameInit {
  return { ...streamFrame(kind, id, "Chat", strings), payload };
}

/** Frames as a peer writes them, on streams of the method `Chat`. */
export const peer = {
  header: (id: number, strings?: readonly StringPair[]): FrameInit => frame(FrameKind.header, id, strings),
  data: (id: number, payload: Uint8Array): FrameInit => frame(FrameKind.data, id, undefined, payload),
  trailer: (id: number, strings?: readonly StringPair[], payload?: Uint8Array): FrameInit =>
    frame(FrameKind.trailer, id, strings, payload),
  rst: (id: number, strings?: readonly StringPair[], payload?: Uint8Array): FrameInit =>
    frame(FrameKind.rst, id, strings, payload),
  meta: (id: number, strings?: readonly StringPair[]): FrameInit => frame(FrameKind.meta, id, strings),
  message: (id: number, payload: Uint8Array, strings?: readonly StringPair[]): FrameInit => ({
    flags: Flag.none,
    sequenceId: id,
    protocolId: ProtocolId.thriftBinary,
    strings,
    ints: [[IntKey.messageType, "1"]],
    payload,
  }),
};
