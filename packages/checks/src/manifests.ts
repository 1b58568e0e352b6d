import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Manifest, resolveTarget, subpaths, type WorkspacePackage } from "./workspace.ts";

const files = ["dist", "src", "!src/**/*.test.ts", "!src/**/*.test-d.ts"];

export interface Manifests {
  readonly packages: readonly WorkspacePackage[];
  readonly examples: readonly WorkspacePackage[];
  /** The fixed groups of changesets: all public packages share one version, so there is one group of them all. */
  readonly fixed: readonly (readonly string[])[];
}

/**
 * What publishing and the workspace need of each package.json, beyond what publint reads.
 *
 * @returns one line a problem.
 */
export function manifestProblems({ packages, examples, fixed }: Manifests): readonly string[] {
  const published = packages
    .filter(({ manifest }) => manifest.private !== true)
    .map(({ manifest }) => manifest.name);
  const names = published.toSorted().join(", ");
  const isFixed = fixed.length === 1 && fixed[0]?.toSorted().join(", ") === names;
  const group = isFixed ? [] : [`.changeset/config.json: fixed is not one group of ${names}`];
  return [
    ...packages.flatMap(problemsOf),
    ...examples.flatMap(({ folder, manifest }) => [
      ...(manifest.private === true ? [] : [`examples/${folder}: no "private": true`]),
      ...unpinned(manifest).map((problem) => `examples/${folder}: ${problem}`),
    ]),
    ...group,
  ];
}

/** Versions stand once, in the catalog; our own packages are those of the workspace. */
function unpinned({ dependencies, devDependencies }: Manifest): readonly string[] {
  return Object.entries({ ...dependencies, ...devDependencies }).flatMap(([name, range]) => {
    const wanted = name.startsWith("@slipstream/") ? "workspace:^" : "catalog:";
    return range === wanted ? [] : [`${name} is "${range}", not "${wanted}"`];
  });
}

function problemsOf({ folder, path, manifest }: WorkspacePackage): readonly string[] {
  const problems: string[] = [];
  const expect = (condition: boolean, problem: string): void => {
    if (!condition) problems.push(`packages/${folder}: ${problem}`);
  };
  const repository = manifest["repository"] as { url?: string; directory?: string } | undefined;

  expect(
    manifest.name === `@slipstream/${folder}`,
    `the name is ${manifest.name}, not @slipstream/${folder}`,
  );
  expect(manifest["type"] === "module", 'no "type": "module"');
  expect(manifest["license"] === "Apache-2.0", 'no "license": "Apache-2.0"');
  expect((manifest.description ?? "") !== "", "no description");
  problems.push(...unpinned(manifest).map((problem) => `packages/${folder}: ${problem}`));
  if (manifest.private === true) return problems;

  const isEmpty = !existsSync(join(path, "src", "index.ts"));
  expect(isEmpty || existsSync(join(path, "README.md")), "no README.md");
  expect(repository?.directory === `packages/${folder}`, `repository.directory is not packages/${folder}`);
  expect(JSON.stringify(manifest["engines"]) === '{"node":">=20.19"}', 'engines is not {"node":">=20.19"}');
  expect(manifest["sideEffects"] === false, 'no "sideEffects": false');
  expect(
    JSON.stringify(manifest["files"]) === JSON.stringify(files),
    `files is not ${JSON.stringify(files)}`,
  );
  expect(manifest.exports?.["./package.json"] === "./package.json", "./package.json is not exported");
  expect(subpaths(manifest)[0] === ".", 'the first export is not "."');
  for (const subpath of subpaths(manifest)) {
    const target = manifest.exports?.[subpath];
    for (const platform of ["node", "browser"]) {
      for (const [conditions, pattern] of resolutions) {
        const path = resolveTarget(target, [platform, "import", ...conditions]);
        expect(
          pattern.test(path ?? ""),
          `${subpath} leads to ${path} under ${[platform, ...conditions].join(", ")}`,
        );
      }
    }
  }
  return problems;
}

/** Where an export leads: our tests to the sources, compilers to the declarations, everyone else to the build. */
const resolutions: readonly (readonly [conditions: readonly string[], path: RegExp])[] = [
  [["@slipstream/source", "types"], /^\.\/src\/.+\.ts$/],
  [["types"], /^\.\/dist\/.+\.d\.ts$/],
  [[], /^\.\/dist\/.+\.js$/],
];
