import type { Case } from "../case.ts";
import { parity } from "../parity/cases.ts";
import { cancel } from "./cancel.ts";
import { context } from "./context.ts";
import { deadlines } from "./deadlines.ts";
import { errors } from "./errors.ts";
import { flow } from "./flow.ts";
import { headers } from "./headers.ts";
import { kinds } from "./kinds.ts";
import { messageMiddleware } from "./message-middleware.ts";
import { messages } from "./messages.ts";
import { middleware } from "./middleware.ts";
import { middlewareContext } from "./middleware-context.ts";
import { model } from "./model.ts";
import { shutdown } from "./shutdown.ts";
import { tracers } from "./tracers.ts";

/** All cases, by what they are about. */
export const cases: Readonly<Record<string, readonly Case[]>> = {
  "kinds of methods": kinds,
  "header and trailer": headers,
  messages,
  errors,
  cancel,
  deadlines,
  middleware,
  "middleware of messages": messageMiddleware,
  "middleware and context": middlewareContext,
  tracers,
  context,
  shutdown,
  flow,
  model,
  parity,
};
