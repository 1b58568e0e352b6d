import type { Link } from "./link.ts";
import { resolveOptions, type SessionOptions } from "./options.ts";
import { HttpSession } from "./session.ts";
import type { H2Session, SessionHandler } from "./types.ts";

/**
 * An HTTP/2 connection over a link, as the client. The preface and our SETTINGS are sent at once.
 *
 * @throws RangeError for an option that HTTP/2 cannot express.
 */
export function createClientSession(
  link: Link,
  handler: SessionHandler,
  options: SessionOptions = {},
): H2Session {
  return new HttpSession(link, handler, resolveOptions(options), false);
}

/**
 * An HTTP/2 connection over a link, as the server. Our SETTINGS are sent at once.
 *
 * @throws RangeError for an option that HTTP/2 cannot express.
 */
export function createServerSession(
  link: Link,
  handler: SessionHandler,
  options: SessionOptions = {},
): H2Session {
  return new HttpSession(link, handler, resolveOptions(options), true);
}
