import type { DiagnosticSink } from "../diagnostics.ts";
import type { MethodKind } from "../model.ts";
import type { AnnotationSyntax, MethodSyntax } from "../parse/syntax.ts";
import { didYouMean } from "../suggest.ts";

const streamingMode = "streaming.mode";

const kinds: ReadonlyMap<string, MethodKind> = new Map([
  ["bidirectional", "bidi"],
  ["client", "client"],
  ["server", "server"],
  ["unary", "unary"],
]);

const modes = 'write streaming.mode="bidirectional", "client", "server" or "unary"';

/** The kind of a method from `oneway` and `streaming.mode`. The rules are those of thriftgo, `streaming.go`. */
export function kindOfMethod(method: MethodSyntax, sink: DiagnosticSink): MethodKind {
  const [annotation, ...more] = method.annotations.filter(({ key }) => key === streamingMode);
  for (const { key, span } of method.annotations) {
    const meant = key === streamingMode ? undefined : didYouMean(key, [streamingMode]);
    if (meant !== undefined) sink.warning(span, `unknown annotation "${key}"`, meant);
  }
  if (annotation === undefined) return method.oneway ? "oneway" : "pingpong";
  for (const { span } of more) {
    sink.error(span, `${streamingMode} stands twice at ${method.name.text}`, "leave one of them out");
  }
  const kind = kinds.get(annotation.value);
  if (kind === undefined) {
    sink.error(
      annotation.span,
      `"${annotation.value}" is no streaming mode`,
      [didYouMean(annotation.value, kinds.keys()), modes].filter((text) => text !== undefined).join(" "),
    );
    return "unary";
  }
  if (method.oneway) {
    sink.error(
      annotation.span,
      `${method.name.text} is oneway, so it cannot have ${streamingMode}`,
      'leave out one of them; a client stream that needs no answer is streaming.mode="client"',
    );
  }
  return kind;
}

/** Warns of `streaming.mode` where it changes nothing, which is likely a bracket in the wrong place. */
export function warnOfMisplacedMode(
  annotations: readonly AnnotationSyntax[],
  what: string,
  sink: DiagnosticSink,
): void {
  for (const { key, span } of annotations) {
    if (key !== streamingMode) continue;
    sink.warning(
      span,
      `${streamingMode} has no effect at ${what}`,
      "write it behind the brackets of a method",
    );
  }
}
