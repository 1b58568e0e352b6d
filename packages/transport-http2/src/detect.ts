import { ALPN } from "@slipstream/h2/node";

/** How the client's connection preface begins (RFC 9113, 3.4): enough to know it from every other protocol of a port. */
const preface = new TextEncoder().encode("PRI * HT");

/** Whether a connection that starts with these bytes is HTTP/2. With TLS, a protocol that was agreed on decides. */
export function detectHttp2(
  head: Uint8Array,
  tls?: { readonly alpn: string | false },
): "yes" | "no" | "more" {
  if (tls !== undefined && tls.alpn !== false) return tls.alpn === ALPN ? "yes" : "no";
  const length = Math.min(head.length, preface.length);
  for (let at = 0; at < length; at++) if (head[at] !== preface[at]) return "no";
  return length === preface.length ? "yes" : "more";
}
