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
    const port = url[3] === undefined ? (scheme === "ws" ? 80 : 443) : Number(url[3]);
    if (port > 65535) throw bad(`port ${port} is over 65535`);
    const path = url[4] ?? "/";
    const host = unbracket(url[2] ?? "");
    return { key: `${scheme}://${url[2]}:${port}${path}`, scheme, host, port, path };
  }
  const hostPort = /^(\[[^\]]+\]|[^:/\s]+):(\d+)$/.exec(text);
  if (!hostPort) throw bad(/^[^:/\s]+$/.test(text) ? "no port" : "not an address");
  const port = Number(hostPort[2]);
  if (port < 1 || port > 65535) throw bad(`port ${port} is not in 1..65535`);
  return { key: `${hostPort[1]}:${port}`, scheme: "tcp", host: unbracket(hostPort[1] ?? ""), port };
}

function unbracket(host: string): string {
  return host.startsWith("[") ? host.slice(1, -1) : host;
}
