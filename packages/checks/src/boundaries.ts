import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cruise, type ICruiseResult, type IForbiddenRuleType, type IModule } from "dependency-cruiser";
import { importableInTests, type Layer, layers, nodeFile } from "./layers.ts";
import type { Manifest } from "./workspace.ts";

const testFile = String.raw`\.test(?:-d)?\.ts$|^packages/[^/]+/test/`;

/**
 * Who imports whom in the packages and examples under `top`, held against the layer table.
 *
 * @returns one line for each import that breaks a rule: rule, file, what it imports.
 */
export async function boundaryViolations(top: string): Promise<readonly string[]> {
  const folders = ["packages", "examples"].filter((folder) => existsSync(join(top, folder)));
  const { output } = await cruise(
    folders,
    {
      baseDir: top,
      validate: true,
      ruleSet: { forbidden: rules() },
      exclude: { path: "^(?:packages|examples)/[^/]+/(?:dist|seeds)/" },
      doNotFollow: { path: "node_modules" },
      tsPreCompilationDeps: true,
      enhancedResolveOptions: {
        exportsFields: ["exports"],
        // Workspace imports end at sources, so that edges and cycles across packages are seen.
        conditionNames: ["@slipstream/source", "import", "types", "node", "default"],
        mainFields: ["module", "main", "types"],
        extensions: [".ts", ".js", ".mjs", ".d.ts"],
      },
    },
    { symlinks: true },
  );
  const { modules, summary } = output as ICruiseResult;
  const found = summary.violations.map(({ rule, from, to, cycle }) => {
    const path = cycle === undefined ? to : cycle.map(({ name }) => name).join(" -> ");
    return `${rule.name}: ${from} -> ${path}`;
  });
  return [...new Set([...unknownPackages(top), ...undeclared(top, modules), ...found])];
}

function unknownPackages(top: string): readonly string[] {
  return readdirSync(join(top, "packages"))
    .filter((folder) => existsSync(join(top, "packages", folder, "package.json")) && !(folder in layers))
    .map((folder) => `layer-unknown: packages/${folder} has no row in packages/checks/src/layers.ts`);
}

/** What a published source imports is installed with the package: a devDependency is not. */
function undeclared(top: string, modules: readonly IModule[]): readonly string[] {
  const found: string[] = [];
  for (const { source, dependencies } of modules) {
    const folder = /^packages\/([^/]+)\/src\//.exec(source)?.[1];
    if (folder === undefined || new RegExp(testFile).test(source)) continue;
    const manifest = JSON.parse(
      readFileSync(join(top, "packages", folder, "package.json"), "utf8"),
    ) as Manifest;
    const declared = { ...manifest.dependencies, ...manifest.peerDependencies };
    for (const { module, dependencyTypes } of dependencies) {
      const name = /^(?:@[^/]+\/)?[^/]+/.exec(module)?.[0] ?? module;
      const isOwn = /^[.#]/.test(module) || name === manifest.name || dependencyTypes.includes("core");
      if (manifest.private === true || isOwn || name in declared) continue;
      found.push(`declared: ${source} imports ${name}, which is no dependency of ${manifest.name}`);
    }
  }
  return found;
}

function rules(): IForbiddenRuleType[] {
  const forbidden: IForbiddenRuleType[] = [
    {
      name: "no-cycle",
      comment: "Cycles of types alone are allowed inside a package",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "through-exports",
      comment: "Another package is imported by its name, never by a path into its folder",
      severity: "error",
      from: { path: "^(?:packages|examples)/([^/]+)/" },
      to: { path: "^(?:packages|examples)/(?!$1/)", dependencyTypes: ["local"] },
    },
    {
      name: "examples-import-public-packages",
      severity: "error",
      from: { path: "^examples/" },
      to: { path: `^packages/(?:${foldersOf("private")})/` },
    },
  ];
  for (const [folder, row] of Object.entries(layers)) forbidden.push(...layerRules(folder, row));
  return forbidden;
}

function layerRules(folder: string, row: Layer): IForbiddenRuleType[] {
  const source = `^packages/${folder}/src/`;
  const forbidden: IForbiddenRuleType[] = [];
  if (row.mayImport !== "any") {
    forbidden.push(
      {
        name: `layer-${folder}`,
        severity: "error",
        from: { path: source, pathNot: testFile },
        to: { path: outside([folder, ...row.mayImport]) },
      },
      {
        name: `layer-${folder}-tests`,
        severity: "error",
        from: { path: `^packages/${folder}/(?:test/|src/.*\\.test(?:-d)?\\.ts$)` },
        to: { path: outside([folder, ...row.mayImport, ...importableInTests]) },
      },
    );
  }
  if (row.runs === "anywhere") {
    const anywhere = { path: source, pathNot: [testFile, nodeFile] };
    forbidden.push(
      {
        name: `anywhere-${folder}`,
        comment: "Runs in browsers: no Node builtin outside the files that nodeFile recognises",
        severity: "error",
        from: anywhere,
        to: { dependencyTypes: ["core"] },
      },
      {
        name: `anywhere-${folder}-node-half`,
        comment:
          "The half that runs anywhere does not reach into the Node half, except by an import condition",
        severity: "error",
        from: anywhere,
        to: { path: `^packages/${folder}/src.*${nodeFile}`, dependencyTypesNot: ["aliased-subpath-import"] },
      },
    );
  }
  return forbidden;
}

/** Any package of ours but these. */
function outside(folders: readonly string[]): string {
  return `^packages/(?!(?:${[...new Set(folders)].join("|")})/)`;
}

function foldersOf(layer: Layer["layer"]): string {
  return Object.keys(layers)
    .filter((folder) => layers[folder]?.layer === layer)
    .join("|");
}
