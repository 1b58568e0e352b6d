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
  const named = /^(unix|memory):(.*)$/s.exec(text);
  if (named) {
    const [, scheme, path] = named;
    if (!path) throw bad(`nothing after "${scheme}:"`);
    return { key: text, scheme: scheme as "unix" | "memory", path };
  }
  const [, url, name, digits, tail] = form.exec(text) ?? [];
  if (name === undefined || (url === undefined && tail !== undefined)) throw bad("not an address");
  if (url === undefined && digits === undefined) throw bad("no port");
  const host = name.toLowerCase();
  const port = digits === undefined ? (url === "ws" ? 80 : 443) : Number(digits);
  if (port < 1 || port > 65535) throw bad(`port ${digits} is not in 1..65535`);
  const place = { host: host.replace(/^\[(.*)\]$/, "$1"), port };
  if (url === undefined) return { key: `${host}:${port}`, scheme: "tcp", ...place };
  const path = (tail ?? "/").replace(/^\?/, "/?");
  return { key: `${url}://${host}:${port}${path}`, scheme: url as "ws" | "wss", ...place, path };
}

/** Scheme of a URL, host, port, and path with query. */
const form = /^(?:(wss?):\/\/)?(\[[^\]]+\]|[^/:?#\s]+)(?::(\d+))?([/?][^#]*)?$/;
