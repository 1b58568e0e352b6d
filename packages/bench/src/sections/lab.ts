import type { Contender, ForeignContender, Pair, ProcessOptions } from "../contender.ts";
import { loadContender } from "../contenders/load.ts";
import type { BenchOptions } from "../options.ts";
import { NodePair } from "../processes.ts";
import type { Results } from "../results.ts";

/** What every section of a run works with: the contenders that can run here, and a place for what went wrong. */
export class Lab {
  readonly contenders: readonly (Contender | ForeignContender)[];
  readonly absent: Results["absent"];
  readonly failures: string[] = [];
  readonly notes: string[] = [];
  readonly #options: BenchOptions;

  private constructor(
    options: BenchOptions,
    contenders: readonly (Contender | ForeignContender)[],
    absent: Results["absent"],
  ) {
    this.#options = options;
    this.contenders = contenders;
    this.absent = absent;
  }

  static async open(options: BenchOptions): Promise<Lab> {
    const loaded = await Promise.all(
      options.contenders.map((name) => loadContender(name, options.adapters.get(name))),
    );
    return new Lab(
      options,
      loaded.flatMap((contender) => ("absent" in contender ? [] : [contender])),
      loaded.flatMap((contender) => ("absent" in contender ? [contender] : [])),
    );
  }

  start(contender: Contender | ForeignContender, cpu: string | undefined = this.#options.cpu): Promise<Pair> {
    const options: ProcessOptions = {
      profileFolder: this.#options.profileFolder,
      fromSources: this.#options.fromSources,
      cpu,
    };
    return "startPair" in contender ? contender.startPair(options) : this.startNode(contender.name, options);
  }

  startNode(name: string, options: ProcessOptions = this.#options): Promise<NodePair> {
    return NodePair.start(name, { ...options, adapterPath: this.#options.adapters.get(name) });
  }

  /** Does what may fail without ending the run; a failure is in the report, and makes the command fail. */
  async attempt<T>(what: string, action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      this.failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  }
}
