import { defineConfig } from "vitest/config";

// Tests read the packages' sources, so they need no build.
const conditions = ["@slipstream/source", "module", "node", "development|production"];
const folders = "{packages,examples}/*/{src,test}/**";

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { conditions },
        ssr: { resolve: { conditions, externalConditions: conditions } },
        test: {
          name: "unit",
          include: [`${folders}/*.test.ts`],
          testTimeout: 20_000,
          hookTimeout: 30_000,
        },
      },
      {
        test: {
          name: "types",
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: [`${folders}/*.test-d.ts`],
            tsconfig: "./packages/checks/tsconfig.types.json",
            // Errors outside the type tests are what `pnpm typecheck` reports.
            ignoreSourceErrors: true,
          },
        },
      },
    ],
  },
});
