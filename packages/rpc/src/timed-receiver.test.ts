import { ReceiveQueue, RpcError } from "@slipstream/stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { failure } from "../test/failures.ts";
import { isRecvAlone, TimedReceiver } from "./timed-receiver.ts";

const bytes = (value: number): Uint8Array => Uint8Array.of(value);

describe("TimedReceiver", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("answers at once with what is there, and leaves no timer", () => {
    const queue = new ReceiveQueue();
    const receiver = new TimedReceiver(queue, 100, undefined);
    queue.push(bytes(1));
    queue.push(bytes(2));
    expect([receiver.recv(), receiver.tryRecv(), receiver.tryRecv()]).toEqual([
      bytes(1),
      bytes(2),
      undefined,
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("fails only the recv that waited too long, and keeps its message for the next", async () => {
    const queue = new ReceiveQueue();
    const receiver = new TimedReceiver(queue, 100, undefined);
    const late = failure(async () => receiver.recv());
    await vi.advanceTimersByTimeAsync(100);
    const error = await late;
    expect([error.code, error.retryable, isRecvAlone(error)]).toEqual(["deadline_exceeded", true, true]);
    queue.push(bytes(1));
    queue.push(bytes(2));
    await Promise.resolve();
    expect([receiver.tryRecv(), await receiver.recv()]).toEqual([bytes(1), bytes(2)]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("does not let a later message overtake one that is on its way to a recv that gave up", async () => {
    const queue = new ReceiveQueue();
    const receiver = new TimedReceiver(queue, 100, undefined);
    const late = failure(async () => receiver.recv());
    await vi.advanceTimersByTimeAsync(100);
    await late;
    queue.push(bytes(1));
    queue.push(bytes(2));
    expect(receiver.tryRecv()).toBeUndefined();
    expect([await receiver.recv(), await receiver.recv()]).toEqual([bytes(1), bytes(2)]);
  });

  it("gives the next message to the recv that has waited longest, when an earlier one gave up", async () => {
    const queue = new ReceiveQueue();
    const receiver = new TimedReceiver(queue, 100, undefined);
    const first = failure(async () => receiver.recv());
    await vi.advanceTimersByTimeAsync(60);
    const second = receiver.recv();
    await vi.advanceTimersByTimeAsync(40);
    await first;
    const third = receiver.recv();
    queue.push(bytes(1));
    queue.push(bytes(2));
    expect([await second, await third]).toEqual([bytes(1), bytes(2)]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("cancels the call when asked to, with the error that the recv fails with", async () => {
    const queue = new ReceiveQueue();
    let cancelled: RpcError | undefined;
    const receiver = new TimedReceiver(queue, 100, (error) => {
      cancelled = error;
      queue.end(error);
    });
    const pending = [failure(async () => receiver.recv()), failure(async () => receiver.recv())];
    await vi.advanceTimersByTimeAsync(100);
    const [error, other] = await Promise.all(pending);
    expect(cancelled).toBe(error);
    expect([error?.retryable, error && isRecvAlone(error), other?.code]).toEqual([
      false,
      false,
      "deadline_exceeded",
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("gives the end, and the error of the call, to everybody who waits and comes later", async () => {
    const ended = new ReceiveQueue();
    const endReceiver = new TimedReceiver(ended, 100, undefined);
    const waiting = [1, 2].map(async () => endReceiver.recv());
    ended.end();
    expect([...(await Promise.all(waiting)), endReceiver.recv()]).toEqual([undefined, undefined, undefined]);

    const broken = new ReceiveQueue();
    const receiver = new TimedReceiver(broken, 100, undefined);
    const failures = [1, 2].map(() => failure(async () => receiver.recv()));
    const error = new RpcError("aborted", "broken");
    broken.end(error);
    expect(await Promise.all(failures)).toEqual([error, error]);
    expect(() => receiver.recv()).toThrow(error);
    expect(vi.getTimerCount()).toBe(0);
  });
});
