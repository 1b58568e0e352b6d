import { type Cursor, SyntaxFailure } from "./cursor.ts";
import type { IntSyntax } from "./syntax.ts";
import type { Token } from "./token.ts";

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  "\\": "\\",
  '"': '"',
  "'": "'",
};

/** Text of a string token. An unknown escape keeps its backslash, as thriftgo does: annotations hold regular expressions. */
export function stringValue(token: Token): string {
  const closed = token.text.length > 1 && token.text.endsWith(token.text.charAt(0));
  const inner = token.text.slice(1, closed ? -1 : undefined);
  return inner.replace(/\\([^])/g, (whole, c: string) => escapes[c] ?? whole);
}

const maxIntLength = 100;

/** An integer token as thriftgo reads it: `0x` is hexadecimal, `0o` and a leading zero are octal. */
export function parseInt(cursor: Cursor, what: string): IntSyntax {
  const { token } = cursor;
  const span = cursor.span();
  if (token.kind !== "int") throw cursor.unexpected(what);
  cursor.next();
  const negative = token.text.startsWith("-");
  const digits = token.text.replace(/^[+-]/, "");
  if (digits.length > maxIntLength)
    throw new SyntaxFailure(span, "this number is larger than any integer type");
  const magnitude = BigInt(goDigits(cursor, token, digits));
  return { kind: "int", value: negative ? -magnitude : magnitude, span };
}

function goDigits(cursor: Cursor, token: Token, digits: string): string {
  if (!/^0\d/.test(digits)) return digits;
  const octal = /^[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : undefined;
  const bare = digits.replace(/^0+(?=\d)/, "");
  if (octal === undefined) {
    cursor.sink.error(cursor.span(token), `${digits} starts with 0 but is not octal`, `write ${bare}`);
    return bare;
  }
  if (BigInt(octal) !== BigInt(bare)) {
    cursor.sink.warning(
      cursor.span(token),
      `Kitex reads ${digits} as octal ${BigInt(octal)}, the Apache compiler as ${bare}; it is taken as ${BigInt(octal)} here`,
      `write ${BigInt(octal)} or ${bare}`,
    );
  }
  return octal;
}
