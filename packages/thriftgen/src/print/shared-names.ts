import type { Definition, FileModel } from "@slipstream/thrift-idl";
import { assignNames } from "../names.ts";

/** Names of the definitions of all files, which every module that imports them must spell the same. */
export class SharedNames {
  readonly #byFile = new Map<FileModel, ReadonlyMap<string, string>>();

  namesOf(file: FileModel): ReadonlyMap<string, string> {
    let names = this.#byFile.get(file);
    if (names === undefined) {
      names = assignNames(file.definitions.map(({ name }) => name));
      this.#byFile.set(file, names);
    }
    return names;
  }

  nameOf({ file, name }: Definition): string {
    return this.namesOf(file).get(name) ?? name;
  }
}
