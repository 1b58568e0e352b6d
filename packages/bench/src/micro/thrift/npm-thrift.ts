import thrift from "thrift";
import { compileThrift } from "../../apache-compiler.ts";
import { idl } from "./messages.ts";

const { TBinaryProtocol, TFramedTransport } = thrift as {
  TBinaryProtocol: new (transport: unknown) => unknown;
  TFramedTransport: new (bytes?: Buffer, onFlush?: (bytes: Buffer) => void) => { flush(): void };
};

interface Instance {
  read(protocol: unknown): void;
  write(protocol: unknown): void;
}

/** What the Apache compiler printed for a struct, with npm thrift's own protocols under it. */
export interface NpmThrift {
  make(name: string, fields: object): unknown;
  encode(value: unknown): Uint8Array;
  decode(name: string): (bytes: Uint8Array) => unknown;
}

/** Undefined when the Apache compiler is not there. */
export function npmThrift(): NpmThrift | undefined {
  const types = compileThrift(idl)?.("bench_types");
  if (types === undefined) return undefined;
  const classOf = (name: string) => types[name] as new (fields?: object) => Instance;
  return {
    make: (name, fields) => new (classOf(name))(fields),
    encode(value) {
      let framed: Buffer | undefined;
      const transport = new TFramedTransport(undefined, (bytes) => {
        framed = bytes;
      });
      (value as Instance).write(new TBinaryProtocol(transport));
      transport.flush();
      // Past the length of the frame.
      return (framed as Buffer | undefined)?.subarray(4) ?? new Uint8Array(0);
    },
    decode: (name) => (bytes) => {
      const value = new (classOf(name))();
      value.read(new TBinaryProtocol(new TFramedTransport(bytes as Buffer)));
      return value;
    },
  };
}
