import fc from "fast-check";

/**
 * What both ends of one bidirectional stream do, a step after the other. `recv`, `header` and `trailer` only ask: their
 * answers are looked at in the end, so a script never waits for something that does not come.
 */
export type Step =
  | { readonly client: "send" | "recv" | "closeSend" | "cancel" | "header" | "trailer" }
  | {
      readonly server:
        | "send"
        | "recv"
        | "setHeader"
        | "sendHeader"
        | "setTrailer"
        | "return"
        | "throw"
        | "refuse";
    };

export type Script = readonly Step[];

const clientSteps = fc.constantFrom("send", "send", "recv", "recv", "closeSend", "header", "trailer");
const serverSteps = fc.constantFrom("send", "send", "recv", "recv", "setHeader", "sendHeader", "setTrailer");

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: clientSteps.map((client) => ({ client }) as const) },
  { weight: 10, arbitrary: serverSteps.map((server) => ({ server }) as const) },
  { weight: 1, arbitrary: fc.constant({ client: "cancel" } as const) },
  {
    weight: 2,
    arbitrary: fc.constantFrom("return", "throw", "refuse").map((server) => ({ server }) as const),
  },
);

export const scripts: fc.Arbitrary<Script> = fc.array(step, { minLength: 3, maxLength: 25 });
