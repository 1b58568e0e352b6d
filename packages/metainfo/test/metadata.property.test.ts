import { Metadata, type MetadataValue } from "@slipstream/metainfo";
import fc from "fast-check";
import { expect, it } from "vitest";

type Field = readonly [name: string, value: MetadataValue];

/** Metadata in the most naive form: a list of fields, and the order in which names first came. */
type Model = readonly Field[];

const text = fc.constantFrom("", "1", "2", " ", "é");
const bytes = fc.uint8Array({ maxLength: 3 });
const field: fc.Arbitrary<[string, MetadataValue]> = fc.oneof(
  fc.tuple(fc.constantFrom("a", "A", "b.c", "X-1"), text),
  fc.tuple(fc.constantFrom("a-bin", "A-Bin", "x-BIN"), bytes),
);
const fields = fc.array(field, { maxLength: 5 });
const name = fc.constantFrom("a", "A", "b.c", "B.C", "x-1", "a-bin", "x-bin", "other");

function of(list: Model, wanted: string): MetadataValue[] {
  return list.filter(([n]) => n === wanted.toLowerCase()).map(([, value]) => value);
}

function append(list: Model, more: readonly Field[]): Model {
  return [...list, ...more.map(([n, value]): Field => [n.toLowerCase(), value])];
}

/** Replaces in the place of the first: a marker keeps the name's rank. */
function replace(list: Model, wanted: string, values: readonly MetadataValue[]): Model {
  if (values.length === 0) return list;
  const lowerCase = wanted.toLowerCase();
  const first = list.findIndex(([n]) => n === lowerCase);
  const at = first === -1 ? list.length : first;
  const rest = list.filter(([n], index) => n !== lowerCase || index < at);
  return [...rest.slice(0, at), ...values.map((value): Field => [lowerCase, value]), ...rest.slice(at)];
}

function grouped(list: Model): Field[] {
  const names = list.map(([n]) => n).filter((n, index, all) => all.indexOf(n) === index);
  return names.flatMap((n) => of(list, n).map((value): Field => [n, value]));
}

interface Step {
  real(metadata: Metadata): Metadata;
  model(list: Model): Model;
}

const steps: fc.Arbitrary<Step> = fc.oneof(
  fields.map((list) => ({
    real: (metadata: Metadata) => Metadata.join(metadata, Metadata.pairs(...list.flat())),
    model: (m: Model) => append(m, grouped(append([], list))),
  })),
  fields.map((list) => ({
    real: (metadata: Metadata) => {
      const clone = metadata.clone();
      for (const [n, value] of list) clone.append(n, value);
      return clone;
    },
    model: (m: Model) => append(m, list),
  })),
  fields.map((list) => ({
    real: (metadata: Metadata) => {
      const clone = metadata.clone();
      clone.appendAll(Metadata.fromRecord(Object.fromEntries(list)));
      return clone;
    },
    model: (m: Model) => append(m, grouped(append([], [...new Map(list)]))),
  })),
  fc.tuple(fc.constantFrom("a", "B.C"), fc.array(text, { maxLength: 3 })).map(([n, values]) => ({
    real: (metadata: Metadata) => {
      const clone = metadata.clone();
      clone.set(n, ...values);
      return clone;
    },
    model: (m: Model) => replace(m, n, values),
  })),
  name.map((n) => ({
    real: (metadata: Metadata) => {
      const clone = metadata.clone();
      expect(clone.delete(n)).toBe(metadata.has(n));
      return clone;
    },
    model: (m: Model) => m.filter(([other]) => other !== n.toLowerCase()),
  })),
);

it("keeps lists of values under lower-case names, in order, shared with no other [C1][C2][C3]", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(), steps), { maxLength: 15 }), (program) => {
      const twins: [Metadata, Model][] = [[new Metadata(), []]];
      for (const [choice, step] of program) {
        const [metadata, model] = twins[choice % twins.length] as [Metadata, Model];
        twins.push([step.real(metadata), step.model(model)]);
      }
      for (const [metadata, model] of twins) {
        expect(metadata.fields()).toEqual(grouped(model));
        expect(metadata.size).toBe(new Set(model.map(([n]) => n)).size);
        for (const wanted of ["A", "b.C", "A-bin", "other"])
          expect(metadata.get(wanted)).toEqual(of(model, wanted));
      }
    }),
    { numRuns: 300 },
  );
});
