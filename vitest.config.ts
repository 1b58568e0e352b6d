import { defineConfig } from "vitest/config";

const conditions = ["@slipstream/source", "module", "node", "development|production"];

export default defineConfig({
  // Tests read the packages' sources, so they need no build.
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "packages/*/test/**/*.test.ts", "examples/*/test/**/*.test.ts"],
    typecheck: { enabled: false },
  },
});
