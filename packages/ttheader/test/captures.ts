import { readdirSync, readFileSync } from "node:fs";

/** One thing that a recording proxy saw between a Kitex client and a Kitex server. */
export interface CapturedEvent {
  readonly from: "client" | "server";
  readonly conn: number;
  /** For TTHeader one whole frame, for Framed one read. */
  readonly hex?: string;
  /** The frame in words, as the recording proxy read it. */
  readonly read?: string;
  readonly payload?: string;
  readonly close?: true;
}

/** An exchange with a live Kitex v0.16.3, in the order in which the proxy saw it. Nothing in it is computed. */
export interface Capture {
  readonly what: string;
  readonly protocol: "TTHeader streaming" | "TTHeader ping-pong" | "Framed";
  readonly clientSaw: {
    readonly got?: readonly Record<string, unknown>[];
    readonly header?: Readonly<Record<string, string>>;
    readonly trailer?: Readonly<Record<string, string>>;
    readonly err?: unknown;
  };
  readonly events: readonly CapturedEvent[];
}

const folder = new URL("../fixtures/", import.meta.url);

export function loadCapture(name: string): Capture {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), "utf8")) as Capture;
}

/** All captures whose name begins with `prefix`. */
export function loadCaptures(prefix: string): readonly (readonly [name: string, capture: Capture])[] {
  return readdirSync(folder)
    .filter((file) => file.startsWith(prefix) && file.endsWith(".json"))
    .map((file) => file.slice(0, -".json".length))
    .sort()
    .map((name) => [name, loadCapture(name)] as const);
}
