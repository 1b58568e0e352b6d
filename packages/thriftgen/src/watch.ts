import { type FSWatcher, watch as watchDirectory } from "node:fs";
import { basename, dirname } from "node:path";
import { type Job, runJob } from "./job.ts";
import type { Output } from "./output.ts";

/** Editors write a file in several steps. */
const settleMs = 50;

/** Runs a job, and again whenever one of the files that it read or looked for may have changed, until the signal. */
export async function watch(job: Job, output: Output, signal?: AbortSignal): Promise<void> {
  const directories = new Directories();
  const { promise, resolve } = withResolver();
  let timer: NodeJS.Timeout | undefined;
  const runAgain = (): void => {
    clearTimeout(timer);
    timer = setTimeout(runOnce, settleMs);
  };
  const runOnce = (): void => {
    const { inputs } = runJob(job, output);
    directories.watch([...inputs, ...job.files], runAgain);
    output.log("watching for changes");
  };
  signal?.addEventListener("abort", resolve);
  if (signal?.aborted !== true) {
    runOnce();
    await promise;
  }
  signal?.removeEventListener("abort", resolve);
  clearTimeout(timer);
  directories.close();
}

function withResolver(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Watches the directories of files rather than files: many editors replace a file by another one of its name. */
class Directories {
  readonly #watchers = new Map<string, FSWatcher>();
  #names: ReadonlySet<string> = new Set();

  /** Watches for these files and no others. */
  watch(files: readonly string[], onChange: () => void): void {
    this.#names = new Set(files.map((file) => basename(file)));
    const directories = new Set(files.map((file) => dirname(file)));
    for (const [path, watcher] of this.#watchers) {
      if (directories.has(path)) continue;
      watcher.close();
      this.#watchers.delete(path);
    }
    for (const path of directories) if (!this.#watchers.has(path)) this.#add(path, onChange);
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #add(path: string, onChange: () => void): void {
    try {
      const watcher = watchDirectory(path, (_, name) => {
        if (name === null || this.#names.has(name)) onChange();
      });
      watcher.on("error", () => {
        watcher.close();
        this.#watchers.delete(path);
        onChange();
      });
      this.#watchers.set(path, watcher);
    } catch {
      // The directory of an include that was not found need not exist.
    }
  }
}
