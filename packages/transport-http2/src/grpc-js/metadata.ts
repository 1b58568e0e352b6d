import type { OutgoingHttpHeaders } from "node:http2";
import { Metadata } from "@grpc/grpc-js";
import type { Field as H2Field, Fields as H2Fields } from "@slipstream/h2";
import { decodeBase64, encodeBase64 } from "@slipstream/metainfo";
import type { Fields } from "@slipstream/stream";
import { areExactFields, isExactValue } from "../native-fields.ts";

/**
 * Metadata of a request with a content type of its own. grpc-js 1.14 writes `application/grpc` over whatever metadata and
 * interceptors say (`transport.ts`, createCall), into the object that this gives it: there the assignment has no effect.
 */
export class RequestMetadata extends Metadata {
  readonly #contentType: string;

  constructor(contentType: string) {
    super();
    this.#contentType = contentType;
  }

  override clone(): RequestMetadata {
    const copy = new RequestMetadata(this.#contentType);
    copy.setOptions(this.getOptions());
    copy.merge(this);
    return copy;
  }

  override toHttp2Headers(): OutgoingHttpHeaders {
    const headers = super.toHttp2Headers();
    return Object.defineProperty(headers, "content-type", {
      get: () => this.#contentType,
      set() {},
      enumerable: true,
    });
  }
}

/** Adds fields, as far as grpc-js takes them: text of other than printable ASCII characters it refuses. */
export function addFields(metadata: Metadata, fields: H2Fields): void {
  for (const { name, value } of fields) {
    if (name.startsWith(":") || typeof value !== "string") continue;
    if (!name.endsWith("-bin")) {
      if (isExactValue(value)) metadata.add(name, value);
      continue;
    }
    const bytes = decodeBase64(value);
    if (bytes !== undefined) metadata.add(name, Buffer.from(bytes));
  }
}

/** The fields of a section, as grpc-js shows them: values of one name joined to one, and without those that are not ASCII. */
export function fromMetadata(metadata: Metadata): H2Field[] {
  const fields: H2Field[] = [];
  for (const [name, values] of Object.entries(metadata.toJSON())) {
    for (const value of values as readonly (string | Buffer)[]) {
      fields.push({ name, value: typeof value === "string" ? value : encodeBase64(value) });
    }
  }
  return fields;
}

/** Whether fields arrive through grpc-js as they are: it joins values of the same name on receipt. */
export function areExactForGrpcJs(fields: Fields): boolean {
  return areExactFields(fields) && new Set(fields.map(([name]) => name)).size === fields.length;
}
