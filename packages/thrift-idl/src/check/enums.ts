import type { DiagnosticSink } from "../diagnostics.ts";
import type { EnumMember } from "../model.ts";
import type { EnumMemberSyntax, EnumSyntax } from "../parse/syntax.ts";

const min = -(2n ** 31n);
const max = 2n ** 31n - 1n;

/** Names and numbers of an enum: each once, each a signed 32-bit integer; without a number, one more than before. */
export function checkEnum(syntax: EnumSyntax, sink: DiagnosticSink): readonly EnumMember[] {
  const names = new Set<string>();
  const numbers = new Map<bigint, EnumMemberSyntax>();
  const members: EnumMember[] = [];
  let next = 0n;
  for (const member of syntax.members) {
    const { text, span } = member.name;
    const value = member.value?.value ?? next;
    next = value + 1n;
    if (value < min || value > max) {
      sink.error(
        member.value?.span ?? span,
        `${text} = ${value} does not fit an enum, whose values are from ${min} to ${max}`,
        "for a larger number write a constant of type i64",
      );
    }
    if (names.has(text)) sink.error(span, `"${text}" stands twice in enum ${syntax.name.text}`);
    const same = numbers.get(value);
    if (same !== undefined) {
      sink.error(span, `${text} and ${same.name.text} are both ${value} in enum ${syntax.name.text}`);
    }
    names.add(text);
    numbers.set(value, member);
    const doc = member.doc === undefined ? undefined : { doc: member.doc };
    members.push({ name: text, ...doc, annotations: member.annotations, span, value: Number(value) });
  }
  return members;
}
