import { type Fields, type HeaderInit, RpcError, toFields } from "@slipstream/stream";

/**
 * The entries of metadata, as they travel: names in lower case, as gRPC has it.
 *
 * @throws RpcError `invalid_argument` as `toFields` does, and for text under a name that ends in `-bin`, which stands for bytes.
 */
export function metadataFields(init: HeaderInit): Fields {
  return toFields(init).map(([name, value]) => {
    const lowerCase = name.toLowerCase();
    if (lowerCase.endsWith("-bin") && typeof value === "string") {
      throw new RpcError(
        "invalid_argument",
        `metadata ${JSON.stringify(name)}: names that end in "-bin" are for bytes, set through Metadata; got text`,
      );
    }
    return [lowerCase, value];
  });
}
