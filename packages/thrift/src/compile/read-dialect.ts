import type { Scalar } from "./write-dialect.ts";

/** How generated code reads in one protocol. Every member is source text or makes it. */
export interface ReadDialect {
  readonly start: string;
  /** Reads the next field's header into `h`; breaks out of the loop at the end of the struct. */
  readonly next: string;
  readonly stop: string;
  /** Runs code that uses the reader itself. */
  call(code: string): string;
  /** Reads a value into `target`; a bool field may lie elsewhere than a bool element. */
  scalar(kind: Scalar, target: string, isField: boolean): string;
}

/** How a reader's method is called for a kind. */
function method(kind: Scalar): string {
  return kind === "enum" ? "i32" : kind;
}

/** Reads in place: `b` is the memory, `p` the position, `e` the end, which the reader learns when it is called. */
export const binaryRead: ReadDialect = {
  start: `const b = r.bytes, e = r.end; let p = r.pos, h = 0;`,
  next: `if (p >= e) throw bad;
h = b[p];
if (h === 0) { p += 1; break; }
if (p + 3 > e) throw bad;
h = (h << 16) | (b[p + 1] << 8) | b[p + 2]; p += 3;`,
  stop: `r.pos = p;`,
  call: (code) => `r.pos = p; ${code} p = r.pos;`,
  scalar(kind, target) {
    switch (kind) {
      case "bool":
        return take(1, `${target} = b[p] === 1;`);
      case "i8":
        return take(1, `${target} = (b[p] << 24) >> 24;`);
      case "i16":
        return take(2, `${target} = ((b[p] << 24) >> 16) | b[p + 1];`);
      case "i32":
      case "enum":
        return take(4, `${target} = ${int(0)};`);
      case "i64":
        return take(8, `I[HI] = ${int(0)}; I[LO] = ${int(4)}; ${target} = B[0];`);
      case "double":
        return take(8, `I[HI] = ${int(0)}; I[LO] = ${int(4)}; ${target} = D[0];`);
      default:
        return this.call(`${target} = r.${method(kind)}();`);
    }
  },
};

function take(size: number, code: string): string {
  return `if (p + ${size} > e) throw bad; ${code} p += ${size};`;
}

function int(at: number): string {
  const byte = (i: number): string => `b[p + ${at + i}]`;
  return `(${byte(0)} << 24) | (${byte(1)} << 16) | (${byte(2)} << 8) | ${byte(3)}`;
}

/** Calls the reader for everything. */
export const compactRead: ReadDialect = {
  start: `let h = 0;`,
  next: `h = r.field(h); if (h === 0) break;`,
  stop: ``,
  call: (code) => code,
  scalar: (kind, target, isField) =>
    `${target} = r.${kind === "bool" && isField ? "boolField" : method(kind)}();`,
};
