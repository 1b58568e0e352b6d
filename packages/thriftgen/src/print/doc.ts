import type { Named } from "@slipstream/thrift-idl";
import { hardline, type Layout, lines } from "./layout.ts";

/** The comment of a thing, with a line break behind it; nothing if it has none. */
export function docComment({ doc, annotations }: Pick<Named, "doc" | "annotations">): Layout {
  const text = doc === undefined ? [] : doc.split("\n");
  const deprecated = annotations.find(({ key }) => key === "deprecated");
  if (deprecated !== undefined) {
    // The value of an annotation without one is 1.
    const reason = /^(?:1|true|)$/.test(deprecated.value)
      ? ""
      : ` ${deprecated.value.replaceAll(/\s+/g, " ")}`;
    text.push(`@deprecated${reason}`);
  }
  const [first, ...rest] = text.map((each) => each.replaceAll("*/", "*\\/").trimEnd());
  if (first === undefined) return [];
  if (rest.length === 0) return [`/** ${first} */`, hardline];
  return [
    lines(["/**", ...[first, ...rest].map((each) => (each === "" ? " *" : ` * ${each}`)), " */"]),
    hardline,
  ];
}
