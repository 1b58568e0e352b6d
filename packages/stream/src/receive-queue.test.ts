import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RpcError } from "./errors.ts";
import { ReceiveQueue } from "./receive-queue.ts";

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const broken = new RpcError("aborted", "broken");

describe("ReceiveQueue", () => {
  it("answers without a promise when a message is there", () => {
    const queue = new ReceiveQueue();
    queue.push(bytes(1));
    queue.push(bytes());
    expect(queue.recv()).toEqual(bytes(1));
    expect(queue.tryRecv()).toEqual(bytes());
    expect(queue.tryRecv()).toBeUndefined();
  });

  it("answers those who wait first in, first out, then with the end", async () => {
    const queue = new ReceiveQueue();
    const waiting = [1, 2, 3].map(async () => queue.recv());
    queue.push(bytes(1));
    queue.push(bytes(2));
    queue.end();
    expect(await Promise.all(waiting)).toEqual([bytes(1), bytes(2), undefined]);
    expect(queue.recv()).toBeUndefined();
  });

  it("gives what came before an error, then the error, for ever", async () => {
    const queue = new ReceiveQueue();
    queue.push(bytes(1));
    queue.end(broken);
    queue.end();
    queue.push(bytes(2));
    expect(queue.recv()).toEqual(bytes(1));
    for (let i = 0; i < 3; i++) expect(() => queue.recv()).toThrow(broken);
    expect(queue.tryRecv()).toBeUndefined();
  });

  it("rejects those who wait with the error", async () => {
    const queue = new ReceiveQueue();
    const waiting = [queue.recv(), queue.recv()];
    queue.end(broken);
    for (const recv of waiting) await expect(recv).rejects.toBe(broken);
  });

  it("tells of every message that is taken, also by those who waited", () => {
    const taken: number[] = [];
    const queue = new ReceiveQueue((message) => taken.push(message.byteLength));
    void queue.recv();
    queue.push(bytes(1));
    queue.push(bytes(1, 2));
    expect([taken, queue.queuedBytes, queue.length]).toEqual([[1], 2, 1]);
    void queue.recv();
    expect([taken, queue.queuedBytes, queue.length]).toEqual([[1, 2], 0, 0]);
  });

  it("drops what nobody took, and says how much that was", () => {
    const queue = new ReceiveQueue();
    queue.push(bytes(1, 2, 3));
    queue.push(bytes(4));
    expect([queue.clear(), queue.queuedBytes, queue.length, queue.tryRecv()]).toEqual([4, 0, 0, undefined]);
    queue.push(bytes(5));
    expect(queue.recv()).toEqual(bytes(5));
  });

  it("replaces each message that waits once", () => {
    const queue = new ReceiveQueue();
    const replaced: number[] = [];
    const replace = (message: Uint8Array): Uint8Array => {
      replaced.push(message[0] ?? 0);
      return message.slice();
    };
    for (let i = 0; i < 3; i++) queue.push(bytes(i));
    queue.replaceNew(replace);
    queue.tryRecv();
    queue.push(bytes(3));
    queue.replaceNew(replace);
    queue.replaceNew(replace);
    expect(replaced).toEqual([0, 1, 2, 3]);
    expect([queue.tryRecv(), queue.tryRecv(), queue.tryRecv()]).toEqual([bytes(1), bytes(2), bytes(3)]);
  });

  it("keeps order, counts and replacements through any pushes and takes", () => {
    const step = fc.oneof(
      fc.record({ push: fc.integer({ min: 1, max: 700 }) }),
      fc.record({ take: fc.integer({ min: 1, max: 1_500 }) }),
      fc.constant("replace" as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const queue = new ReceiveQueue<{
          readonly length: number;
          readonly id: number;
          isOld: boolean;
        }>();
        let pushed = 0;
        let taken = 0;
        for (const action of steps) {
          if (action === "replace") {
            queue.replaceNew((message) => {
              expect(message.isOld).toBe(false);
              return { ...message, isOld: true };
            });
          } else if ("push" in action) {
            for (let i = 0; i < action.push; i++) queue.push({ length: 3, id: pushed++, isOld: false });
          } else {
            for (let i = 0; i < action.take && taken < pushed; i++) expect(queue.tryRecv()?.id).toBe(taken++);
          }
          expect([queue.length, queue.queuedBytes]).toEqual([pushed - taken, 3 * (pushed - taken)]);
        }
      }),
      { numRuns: 60 },
    );
  });
});
