import { buildKitexPeer, type KitexVersion } from "./build.ts";
import type { Callee } from "./calls.ts";
import { ControlledProcess } from "./control.ts";
import { Peer } from "./peer.ts";

/** Options of one listening Kitex server. */
export interface KitexServerOptions {
  /** Install Kitex's opt-in TTHeader and HTTP/2 meta handlers. @defaultValue false */
  readonly handlers?: boolean;
  /** Give handlers a deadline. @defaultValue false */
  readonly contextTimeout?: boolean;
  /** Multiplexed ping-pong; such a Kitex server takes no TTHeader streaming. @defaultValue false */
  readonly mux?: boolean;
  /** Refuse calls that name no service. @defaultValue false */
  readonly nameRequired?: boolean;
  /** Only the service Lab, as most servers have one, instead of Lab (the fallback), Shed and Mirror. @defaultValue false */
  readonly onlyLab?: boolean;
  /** How long a server that closes waits for its calls. @defaultValue Kitex's own, 5,000 */
  readonly exitWaitMs?: number;
  /** How many connections it takes at once. @defaultValue no limit */
  readonly maxConnections?: number;
  /** How many calls it takes a second. @defaultValue no limit */
  readonly maxQps?: number;
  /** Make and compare checksums of TTHeader payloads. @defaultValue false */
  readonly checksums?: boolean;
  /** Install a handler of HEADER frames, which records of calls then keep. @defaultValue false */
  readonly headerFrames?: boolean;
}

/** A process with Kitex in it, which serves and calls. */
export class KitexPeer extends Peer {
  /** Opens a server on a free port of 127.0.0.1 that takes every protocol. */
  async listen(options: KitexServerOptions = {}): Promise<number> {
    const { port } = (await this.process.request("listen", options)) as { port: number };
    return port;
  }

  /** Ends the server on a port gracefully, as Kitex does. */
  async close(port: number): Promise<void> {
    await this.process.request("close", { port });
  }

  /** Whether received transient metainfo stops at this process, for all its calls. Kitex's default is that it goes on. */
  async setSingleHop(singleHop: boolean): Promise<void> {
    await this.process.request("propagation", { singleHop });
  }

  /** TTHeader frames in words, and their payloads in hex, as CloudWeGo's own codec reads them. */
  async readFrames(frames: readonly Uint8Array[]): Promise<{ read: string; payload?: string }[]> {
    const encoded = frames.map((frame) => Buffer.from(frame).toString("hex"));
    return (await this.process.request("frames", { frames: encoded })) as {
      read: string;
      payload?: string;
    }[];
  }

  /** Random values of `Everything`, as Kitex's generated code writes them. */
  async invent(count: number, seed: number): Promise<Uint8Array[]> {
    return ((await this.process.request("invent", { count, seed })) as string[]).map(fromBase64);
  }

  /** Values of `Everything` after Kitex's generated code has read and written them. Rejects when it cannot read one. */
  async recode(values: readonly Uint8Array[]): Promise<Uint8Array[]> {
    const encoded = await this.process.request("recode", { values: values.map(toBase64) });
    return (encoded as string[]).map(fromBase64);
  }

  /** How Kitex writes a struct whose only field, neither required nor optional, is nil, and its error when it reads that. */
  async nilStruct(): Promise<{ written: Uint8Array; error?: string }> {
    const answer = (await this.process.request("nil-struct")) as { written: string; error?: string };
    return { ...answer, written: fromBase64(answer.written) };
  }

  /** The first pair that Kitex does not read as the same `Everything`, in Go's words; undefined when there is none. */
  async compare(pairs: readonly (readonly [Uint8Array, Uint8Array])[]): Promise<string | undefined> {
    const encoded = pairs.map(([one, other]) => [toBase64(one), toBase64(other)]);
    return ((await this.process.request("compare", { pairs: encoded })) as string | null) ?? undefined;
  }

  async versions(): Promise<{ kitex: string; go: string }> {
    return (await this.process.request("versions")) as { kitex: string; go: string };
  }
}

/** A Kitex process that listens. */
export class KitexServer extends KitexPeer implements Callee {
  readonly port: number;
  /** `host:port` of its server. */
  readonly target: string;

  constructor(process: ControlledProcess, port: number) {
    super(process);
    this.port = port;
    this.target = `127.0.0.1:${port}`;
  }
}

/** Builds the Kitex peer if need be and starts a process with a listening server. */
export async function startKitexServer(
  options: KitexServerOptions = {},
  version?: KitexVersion,
): Promise<KitexServer> {
  const process = new ControlledProcess("Kitex server", await buildKitexPeer(version), []);
  const { port } = (await process.request("listen", options)) as { port: number };
  return new KitexServer(process, port);
}

/** Builds the Kitex peer if need be and starts a process that calls. */
export async function startKitexDriver(version?: KitexVersion): Promise<KitexPeer> {
  return new KitexPeer(new ControlledProcess("Kitex driver", await buildKitexPeer(version), []));
}

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const fromBase64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));
