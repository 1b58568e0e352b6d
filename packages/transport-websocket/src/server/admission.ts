import type { IncomingMessage } from "node:http";
import { type Code, RpcError } from "@slipstream/stream";
import { subprotocol } from "../subprotocol.ts";
import type { EndpointOptions } from "./options.ts";

/** Why a request is not upgraded: the status of the answer, and an error for those who watch the server. */
export interface Refusal {
  readonly status: number;
  /** What the client is told. */
  readonly text: string;
  readonly error: RpcError;
}

export function refusal(status: number, code: Code, text: string, cause?: unknown): Refusal {
  return { status, text, error: new RpcError(code, text, { cause }) };
}

/** Looks at an upgrade request by itself: the path is right already. */
export function refusalOf(
  { headers }: IncomingMessage,
  { origins = "same" }: EndpointOptions,
): Refusal | undefined {
  const offered = headers["sec-websocket-protocol"] ?? "";
  if (!offered.split(",").some((name) => name.trim() === subprotocol)) {
    const text = `expected the subprotocol ${subprotocol}, got ${offered || "none"}`;
    return refusal(400, "invalid_argument", text);
  }
  if (!isAllowedOrigin(headers.origin, headers.host, origins)) {
    const text = `origin ${headers.origin} is not allowed; the server's option origins lists those that are`;
    return refusal(403, "permission_denied", text);
  }
  return undefined;
}

function isAllowedOrigin(
  origin: string | undefined,
  host: string | undefined,
  allowed: NonNullable<EndpointOptions["origins"]>,
): boolean {
  if (origin === undefined || allowed === "any") return true;
  if (allowed !== "same") return allowed.includes(origin);
  // `null` is the origin of sandboxed frames and of files.
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}

/** @throws RpcError `invalid_argument` for an entry that no browser would ever send. */
export function checkOrigins(origins: EndpointOptions["origins"]): void {
  if (origins === undefined || origins === "same" || origins === "any") return;
  for (const origin of origins) {
    if (URL.canParse(origin) && new URL(origin).origin === origin) continue;
    const example = URL.canParse(origin) ? new URL(origin).origin : "https://example.com";
    throw new RpcError(
      "invalid_argument",
      `origins has ${JSON.stringify(origin)}; expected an origin such as ${JSON.stringify(example)}`,
    );
  }
}

/** The refusal for what `authenticate` threw: only what an RpcError says is meant for the client. */
export function refusalFor(thrown: unknown): Refusal {
  if (!(thrown instanceof RpcError)) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    const error = new RpcError("internal", `authenticate threw: ${why}`, { cause: thrown });
    return { status: 500, text: "internal error", error };
  }
  const status = statuses[thrown.code] ?? 500;
  return { status, text: thrown.message, error: thrown };
}

const statuses: Partial<Record<Code, number>> = {
  unauthenticated: 401,
  permission_denied: 403,
  resource_exhausted: 503,
  unavailable: 503,
};
