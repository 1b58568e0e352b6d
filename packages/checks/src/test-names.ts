import ts from "typescript";

/** A test, by its name, with the ids of the behaviours that it shows. */
export interface NamedTest {
  /** Without the ids; `…` stands for what a template fills in. */
  readonly name: string;
  readonly ids: readonly string[];
  /** Path from the top of the repository. */
  readonly file: string;
}

/**
 * Finds the tests of a source whose names end with ids of behaviours in square brackets, as in
 * `it("sends persistent values on every hop [D4][A2]", …)`. Any string that ends so is taken for the name of a test, so that
 * tables of cases count too; but nothing inside `it.skip`, `it.todo`, `it.fails` or `describe.skip` does.
 */
export function namedTests(file: string, text: string): readonly NamedTest[] {
  const found: NamedTest[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && /\.(?:skip|todo|fails)\b/.test(node.expression.getText())) return;
    const literal = literalText(node);
    const match = /^(.*?)\s*((?:\[[A-Z]\d+\])+)$/s.exec(literal ?? "");
    if (match !== null) found.push({ name: match[1] ?? "", ids: match[2]?.match(/[A-Z]\d+/g) ?? [], file });
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true));
  return found;
}

function literalText(node: ts.Node): string | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join("");
}
