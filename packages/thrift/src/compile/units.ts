import { isStruct } from "../plan.ts";
import type { Struct, Type } from "../types.ts";

/**
 * The structs that `root` reaches, grouped so that only structs which contain each other share a group, every group after
 * the groups it uses (Tarjan's strongly connected components). Compiling group by group lets code call what it uses
 * directly, which the engine can inline.
 */
export function units(root: Struct, done: (struct: Struct) => boolean): Struct[][] {
  const groups: Struct[][] = [];
  const index = new Map<Struct, number>();
  const stack: Struct[] = [];
  const open = new Set<Struct>();

  const visit = (struct: Struct): number => {
    const own = index.size;
    let low = own;
    index.set(struct, own);
    stack.push(struct);
    open.add(struct);
    for (const used of usedStructs(struct)) {
      if (done(used)) continue;
      if (!index.has(used)) low = Math.min(low, visit(used));
      else if (open.has(used)) low = Math.min(low, index.get(used) as number);
    }
    if (low === own) {
      const group: Struct[] = [];
      let member: Struct;
      do {
        member = stack.pop() as Struct;
        open.delete(member);
        group.push(member);
      } while (member !== struct);
      groups.push(group);
    }
    return low;
  };

  if (!done(root)) visit(root);
  return groups;
}

/** The structs that values of a struct contain, directly or in containers. */
export function usedStructs(struct: Struct): Set<Struct> {
  const used = new Set<Struct>();
  const add = (type: Type): void => {
    if (isStruct(type)) used.add(type);
    else if (type.kind === "list" || type.kind === "set") add(type.element);
    else if (type.kind === "record") add(type.value);
    else if (type.kind === "map") {
      add(type.key);
      add(type.value);
    }
  };
  for (const field of struct.fields) add(field.type);
  return used;
}
