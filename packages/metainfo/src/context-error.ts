/** How a context ended when nobody gave a reason of their own. The words are gRPC's status names. */
export type ContextErrorCode = "cancelled" | "deadline_exceeded";

const messages: Record<ContextErrorCode, string> = {
  cancelled: "context canceled",
  deadline_exceeded: "context deadline exceeded",
};

/** The reason of a context that ran past its deadline, or was cancelled without a cause. */
export class ContextError extends Error {
  override readonly name = "ContextError";
  readonly code: ContextErrorCode;

  constructor(code: ContextErrorCode) {
    super(messages[code]);
    this.code = code;
  }
}
