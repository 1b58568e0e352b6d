import { ErrorCode, H2Error } from "./error.ts";
import type { SessionOptions } from "./options.ts";

/** The peer passed a limit of ours: the connection ends with ENHANCE_YOUR_CALM (RFC 9113, 10.5), unless another code fits better. */
export class LimitError extends H2Error {
  readonly limit: keyof SessionOptions;

  constructor(limit: keyof SessionOptions, what: string, code: number = ErrorCode.ENHANCE_YOUR_CALM) {
    super(code, `${what} (option ${limit})`);
    this.limit = limit;
  }
}
