/** What the printed TypeScript looks like. */
export interface PrintOptions {
  /**
   * Ending of the imports between generated files: `.js` works wherever TypeScript is compiled, `.ts` needs
   * `allowImportingTsExtensions` or `rewriteRelativeImportExtensions`, the empty one a bundler.
   *
   * @defaultValue ".js"
   */
  readonly importExtension?: ".js" | ".ts" | "";
  /**
   * What an i64 is: a bigint, or a number, which then cannot hold more than 2^53 - 1 and fails in both directions on more.
   *
   * @defaultValue "bigint"
   */
  readonly i64?: "bigint" | "number";
  /**
   * Names of properties: as in the IDL, or in camel case.
   *
   * @defaultValue "idl"
   */
  readonly fieldNames?: "idl" | "camelCase";
}
