import { RpcError } from "./errors.ts";

/**
 * One place to connect to. `key` is its canonical text: two addresses with the same key share connections.
 */
export interface Address {
  readonly key: string;
  readonly scheme: "tcp" | "unix" | "ws" | "wss" | "memory";
  /** For `tcp`, `ws` and `wss`; an IPv6 address stands without brackets. */
  readonly host?: string;
  readonly port?: number;
  /** Path of the socket for `unix`, of the endpoint (with query) for `ws` and `wss`, the name for `memory`. */
  readonly path?: string;
  /** Relative share of calls, for balancers that heed it. @defaultValue 10 */
  readonly weight?: number;
  readonly tags?: Readonly<Record<string, string>>;
}

const forms = 'expected "host:port", "[ipv6]:port", "unix:/path", "ws://…", "wss://…" or "memory:name"';

/**
 * Reads the text form of an address: `host:port`, `[::1]:port`, `unix:/path`, `ws://host[:port]/path`, `wss://…`,
 * `memory:name`.
 *
 * @throws RpcError `invalid_argument` on any other text.
 */
export function parseAddress(text: string): Address {
  const bad = (why: string): RpcError =>
    new RpcError("invalid_argument", `address ${JSON.stringify(text)}: ${why}; ${forms}`);
  for (const scheme of ["unix", "memory"] as const) {
    if (text.startsWith(`${scheme}:`)) {
      const path = text.slice(scheme.length + 1);
      if (path === "") throw bad(`nothing after "${scheme}:"`);
      return { key: text, scheme, path };
    }
  }
  const url = /^(wss?):\/\/(\[[^\]]+\]|[^/:?#]+)(?::(\d+))?([/?][^#]*)?$/.exec(text);
  if (url) {
    const scheme = url[1] as "ws" | "wss";
    const host = (url[2] ?? "").toLowerCase();
    const port = url[3] === undefined ? (scheme === "ws" ? 80 : 443) : portOf(url[3], bad);
    const path = (url[4] ?? "/").replace(/^\?/, "/?");
    return { key: `${scheme}://${host}:${port}${path}`, scheme, host: unbracket(host), port, path };
  }
  const hostPort = /^(\[[^\]]+\]|[^:/\s]+):(\d+)$/.exec(text);
  if (!hostPort) throw bad(/^[^:/\s]+$/.test(text) ? "no port" : "not an address");
  const host = (hostPort[1] ?? "").toLowerCase();
  const port = portOf(hostPort[2] ?? "", bad);
  return { key: `${host}:${port}`, scheme: "tcp", host: unbracket(host), port };
}

function portOf(digits: string, bad: (why: string) => RpcError): number {
  const port = Number(digits);
  if (port < 1 || port > 65535) throw bad(`port ${digits} is not in 1..65535`);
  return port;
}

function unbracket(host: string): string {
  return host.startsWith("[") ? host.slice(1, -1) : host;
}
