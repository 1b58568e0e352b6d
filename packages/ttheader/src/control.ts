import { RpcError } from "@slipstream/stream";
import * as ControlKey from "./format/control-key.ts";
import type { StringPair } from "./frame-encode.ts";
import type { FrameHead } from "./frame-head.ts";

/**
 * What two Slipstream peers tell each other in META frames. On stream 0 they speak of the connection; Kitex drops frames
 * of unknown streams, so it never notices (seen with Kitex v0.14.1 and v0.16.3, client and server). Nothing of this goes
 * to a peer that has not said hello.
 */
export interface Control {
  readonly isHello: boolean;
  readonly window: number | undefined;
  readonly isDrain: boolean;
  readonly ping: string | undefined;
  readonly pong: string | undefined;
}

/** What a hello says. */
export function helloPairs(windowBytes: number): readonly StringPair[] {
  return [
    [ControlKey.hello, "1"],
    [ControlKey.window, String(windowBytes)],
  ];
}

/** @throws RpcError `internal` for a window that is no number. */
export function readControl(head: FrameHead): Control {
  const pairs = head.strings();
  const window = pairs?.get(ControlKey.window);
  return {
    isHello: pairs?.get(ControlKey.hello) === "1",
    window: window === undefined ? undefined : readWindow(window),
    isDrain: pairs?.get(ControlKey.drain) === "1",
    ping: pairs?.get(ControlKey.ping),
    pong: pairs?.get(ControlKey.pong),
  };
}

function readWindow(text: string): number {
  const window = Number(text);
  if (/^\d{1,16}$/.test(text) && Number.isSafeInteger(window)) return window;
  throw new RpcError(
    "internal",
    `slipstream-window is ${JSON.stringify(text)}, expected decimal digits up to 2^53-1`,
  );
}
