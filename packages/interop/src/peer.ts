import type { Call, Caller, CallRecord, ManyOutcome, Outcome, Stage } from "./calls.ts";
import type { ControlledProcess } from "./control.ts";

/** A process that serves and calls as it is told, with Kitex or with ours in it. */
export class Peer implements Caller, AsyncDisposable {
  readonly process: ControlledProcess;

  constructor(process: ControlledProcess) {
    this.process = process;
  }

  /**
   * What the handler saw of the call whose message said `as=name`, once it has come to `until`.
   * Rejects when it has not within `timeoutMs`.
   */
  async observe(name: string, until: Stage = "started", timeoutMs = 5000): Promise<CallRecord> {
    return (await this.process.request("observe", { name, until, timeoutMs })) as CallRecord;
  }

  /** Makes one call and resolves when it is over, whatever its outcome. Rejects only when the call could not be tried. */
  async call(call: Call): Promise<Outcome> {
    return (await this.process.request("call", call)) as Outcome;
  }

  /** Makes the same call `count` times at once, with one client. `{i}` in a text becomes the number of the call. */
  async many(count: number, call: Call): Promise<ManyOutcome> {
    return (await this.process.request("many", { count, call })) as ManyOutcome;
  }

  /** Kills the process (SIGKILL): no goodbye to anybody. */
  kill(): Promise<void> {
    return this.process.kill();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.process[Symbol.asyncDispose]();
  }
}
