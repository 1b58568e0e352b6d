import type { FrameHeadInit } from "../src/frame-encode.ts";

/** A frame in bytes, and what is in it. */
export interface WorkedFrame {
  readonly name: string;
  readonly hex: string;
  readonly head: FrameHeadInit;
  readonly payloadHex: string;
}

/**
 * Frames worked out by hand, field by field, from the layout in cloudwego/gopkg `protocol/ttheader` and from Kitex
 * v0.16.3 `pkg/remote/trans/ttstream/frame.go`; sections and pairs in the order in which they are written here.
 */
export const workedFrames: readonly WorkedFrame[] = [
  {
    name: "stream: client header frame",
    hex:
      "0000005e100000020000000100151000010003000369736e000b4563686f53657276696365000e5250435f5045525349" +
      "53545f6b3100027631000e5250435f5452414e5349545f6b3200027632100002001b000132000900084563686f426964" +
      "6900",
    head: {
      flags: 2,
      sequenceId: 1,
      protocolId: 16,
      strings: [
        ["isn", "EchoService"],
        ["RPC_PERSIST_k1", "v1"],
        ["RPC_TRANSIT_k2", "v2"],
      ],
      ints: [
        [27, "2"],
        [9, "EchoBidi"],
      ],
    },
    payloadHex: "",
  },
  {
    name: 'stream: client data frame, struct {1: "ping"}',
    hex:
      "0000002e100000020000000100061000100002001b000133000900084563686f4269646900000b00010000000470696e" +
      "6700",
    head: {
      flags: 2,
      sequenceId: 1,
      protocolId: 16,
      strings: undefined,
      ints: [
        [27, "3"],
        [9, "EchoBidi"],
      ],
    },
    payloadHex: "0b00010000000470696e6700",
  },
  {
    name: "stream: client trailer frame (half-close)",
    hex: "00000022100000020000000100061000100002001b000134000900084563686f426964690000",
    head: {
      flags: 2,
      sequenceId: 1,
      protocolId: 16,
      strings: undefined,
      ints: [
        [27, "4"],
        [9, "EchoBidi"],
      ],
    },
    payloadHex: "",
  },
  {
    name: "stream: server header frame, user header h1=v1",
    hex:
      "0000002e1000000200000001000910000100010002683100027631100002001b000132000900084563686f4269646900" +
      "0000",
    head: {
      flags: 2,
      sequenceId: 1,
      protocolId: 16,
      strings: [["h1", "v1"]],
      ints: [
        [27, "2"],
        [9, "EchoBidi"],
      ],
    },
    payloadHex: "",
  },
  {
    name: 'stream: server data frame, struct {1: "pong"}',
    hex:
      "0000002e100000020000000100061000100002001b000133000900084563686f4269646900000b000100000004706f6e" +
      "6700",
    head: {
      flags: 2,
      sequenceId: 1,
      protocolId: 16,
      strings: undefined,
      ints: [
        [27, "3"],
        [9, "EchoBidi"],
      ],
    },
    payloadHex: "0b000100000004706f6e6700",
  },
  {
    name: "stream: server trailer frame, user trailer t1=v1, success",
    hex:
      "0000002e1000000200000001000910000100010002743100027631100002001b000134000900084563686f4269646900" +
      "0000",
    head: {
      flags: 2,
      sequenceId: 1,
      protocolId: 16,
      strings: [["t1", "v1"]],
      ints: [
        [27, "4"],
        [9, "EchoBidi"],
      ],
    },
    payloadHex: "",
  },
  {
    name: "stream: server trailer frame, bizstatuserror 10001 with extra",
    hex:
      "0000006e1000000200000001001910000100040002743100027631000a62697a2d73746174757300053130303031000b" +
      "62697a2d6d657373616765000a6e6f2062616c616e6365000962697a2d657874726100097b226b223a2276227d100002" +
      "001b000134000900084563686f4269646900",
    head: {
      flags: 2,
      sequenceId: 1,
      protocolId: 16,
      strings: [
        ["t1", "v1"],
        ["biz-status", "10001"],
        ["biz-message", "no balance"],
        ["biz-extra", '{"k":"v"}'],
      ],
      ints: [
        [27, "4"],
        [9, "EchoBidi"],
      ],
    },
    payloadHex: "",
  },
  {
    name: 'stream: server trailer frame, handler error "boom"',
    hex:
      "00000054100000020000000100061000100002001b000134000900084563686f42696469000080010003000000084563" +
      "686f42696469000000010b00010000000f62697a206572726f723a20626f6f6d0800020000000600",
    head: {
      flags: 2,
      sequenceId: 1,
      protocolId: 16,
      strings: undefined,
      ints: [
        [27, "4"],
        [9, "EchoBidi"],
      ],
    },
    payloadHex:
      "80010003000000084563686f42696469000000010b00010000000f62697a206572726f723a20626f6f6d0800020000000600",
  },
  {
    name: 'stream: client rst frame, cancel by "svc.a", code 12007',
    hex:
      "0000005d1000000200000001000a10000100010005747473637000057376632e61100002001b00013500090008456368" +
      "6f426964690080010003000000084563686f42696469000000010b00010000000863616e63656c656408000200002ee7" +
      "00",
    head: {
      flags: 2,
      sequenceId: 1,
      protocolId: 16,
      strings: [["ttscp", "svc.a"]],
      ints: [
        [27, "5"],
        [9, "EchoBidi"],
      ],
    },
    payloadHex: "80010003000000084563686f42696469000000010b00010000000863616e63656c656408000200002ee700",
  },
  {
    name: "ping-pong: request, persistent + transient metainfo",
    hex:
      "000000ab100000000000000700210000010003000369736e000b4563686f53657276696365000f5250435f5045525349" +
      "53545f7569640002343200115250435f5452414e5349545f74726163650002743110000700010008756e6672616d6564" +
      "00030007636c692e617070000600086563686f2e737276000900044563686f000c000431303030001400000016000131" +
      "000080010001000000044563686f000000070b00010000000568656c6c6f00",
    head: {
      flags: 0,
      sequenceId: 7,
      protocolId: 0,
      strings: [
        ["isn", "EchoService"],
        ["RPC_PERSIST_uid", "42"],
        ["RPC_TRANSIT_trace", "t1"],
      ],
      ints: [
        [1, "unframed"],
        [3, "cli.app"],
        [6, "echo.srv"],
        [9, "Echo"],
        [12, "1000"],
        [20, ""],
        [22, "1"],
      ],
    },
    payloadHex: "80010001000000044563686f000000070b00010000000568656c6c6f00",
  },
  {
    name: "ping-pong: reply with backward metainfo",
    hex:
      "0000003f1000000000000007000600000100010005736861726400027337100001001600013280010002000000044563" +
      "686f000000070b000000000005776f726c6400",
    head: {
      flags: 0,
      sequenceId: 7,
      protocolId: 0,
      strings: [["shard", "s7"]],
      ints: [[22, "2"]],
    },
    payloadHex: "80010002000000044563686f000000070b000000000005776f726c6400",
  },
  {
    name: "ping-pong: exception reply (unknown method)",
    hex:
      "0000006a1000000000000008000600000100010005637272737400013110000100160001330080010003000000044e6f" +
      "7065000000080b000100000029756e6b6e6f776e206d6574686f64204e6f7065202873657276696365204563686f5365" +
      "7276696365290800020000000100",
    head: {
      flags: 0,
      sequenceId: 8,
      protocolId: 0,
      strings: [["crrst", "1"]],
      ints: [[22, "3"]],
    },
    payloadHex:
      "80010003000000044e6f7065000000080b000100000029756e6b6e6f776e206d6574686f64204e6f7065202873657276696365204563686f53657276696365290800020000000100",
  },
  {
    name: "ping-pong: biz-status-error reply",
    hex:
      "0000006f100000000000000900150000010003000a62697a2d737461747573000431303031000b62697a2d6d65737361" +
      "6765000e71756f7461206578636565646564000962697a2d657874726100097b226b223a2276227d1000010016000132" +
      "000080010002000000044563686f0000000900",
    head: {
      flags: 0,
      sequenceId: 9,
      protocolId: 0,
      strings: [
        ["biz-status", "1001"],
        ["biz-message", "quota exceeded"],
        ["biz-extra", '{"k":"v"}'],
      ],
      ints: [[22, "2"]],
    },
    payloadHex: "80010002000000044563686f0000000900",
  },
  {
    name: "ping-pong: ttheaderframed request, empty header",
    hex: "0000002c100000000000000a0001000000000000001a80010001000000044563686f0000000a0b000100000002686900",
    head: {
      flags: 0,
      sequenceId: 10,
      protocolId: 0,
      strings: undefined,
      ints: undefined,
    },
    payloadHex: "0000001a80010001000000044563686f0000000a0b000100000002686900",
  },
  {
    name: "ping-pong: mux close control frame",
    hex: "0000002b100000000000000000040000010001000563727273740001310080010002000000046e6f6e650000000000",
    head: {
      flags: 0,
      sequenceId: 0,
      protocolId: 0,
      strings: [["crrst", "1"]],
      ints: undefined,
    },
    payloadHex: "80010002000000046e6f6e650000000000",
  },
];

export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
