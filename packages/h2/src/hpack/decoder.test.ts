import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pairs } from "../../test/handlers.ts";
import { ErrorCode, H2Error } from "../error.ts";
import { Decoder } from "./decoder.ts";
import { putHuffman } from "./huffman.ts";
import { putInteger } from "./integer.ts";

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
const decoderOf = (tableBytes = 4096, listBytes = 65_536): Decoder => new Decoder({ tableBytes, listBytes });

function decode(decoder: Decoder, block: string | Uint8Array): [string, string | number[]][] {
  const bytes = typeof block === "string" ? hex(block) : block;
  return pairs(decoder.decode(bytes, 0, bytes.length).fields);
}

/** A block that asks for the dynamic entries 62, 63 and so on. */
const table = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, i) => 0x80 | (62 + i));

describe("the decoder reads the examples of RFC 7541, appendix C", () => {
  it("C.2, single fields", () => {
    expect(decode(decoderOf(), "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572")).toEqual([
      ["custom-key", "custom-header"],
    ]);
    expect(decode(decoderOf(), "040c 2f73 616d 706c 652f 7061 7468")).toEqual([[":path", "/sample/path"]]);
    expect(decode(decoderOf(), "82")).toEqual([[":method", "GET"]]);
    const block = hex("1008 7061 7373 776f 7264 0673 6563 7265 74");
    const [field] = decoderOf().decode(block, 0, block.length).fields;
    expect(field).toMatchObject({ name: "password", value: "secret", neverIndexed: true });
  });

  const requests = [
    [
      [":method", "GET"],
      [":scheme", "http"],
      [":path", "/"],
      [":authority", "www.example.com"],
    ],
    [
      [":method", "GET"],
      [":scheme", "http"],
      [":path", "/"],
      [":authority", "www.example.com"],
      ["cache-control", "no-cache"],
    ],
    [
      [":method", "GET"],
      [":scheme", "https"],
      [":path", "/index.html"],
      [":authority", "www.example.com"],
      ["custom-key", "custom-value"],
    ],
  ];
  const requestTable = [
    ["custom-key", "custom-value"],
    ["cache-control", "no-cache"],
    [":authority", "www.example.com"],
  ];

  it.each([
    [
      "C.3, requests without Huffman coding",
      "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "8286 84be 5808 6e6f 2d63 6163 6865",
      "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ],
    [
      "C.4, requests with Huffman coding",
      "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
      "8286 84be 5886 a8eb 1064 9cbf",
      "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ],
  ])("%s", (_, ...blocks) => {
    const decoder = decoderOf();
    expect(blocks.map((block) => decode(decoder, block))).toEqual(requests);
    expect(decode(decoder, table(3))).toEqual(requestTable);
    expect(() => decode(decoder, table(4))).toThrow("index 65");
  });

  const cookie = "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
  const first = "Mon, 21 Oct 2013 20:13:21 GMT";
  const second = "Mon, 21 Oct 2013 20:13:22 GMT";
  const location = "https://www.example.com";
  const responses = [
    [
      [":status", "302"],
      ["cache-control", "private"],
      ["date", first],
      ["location", location],
    ],
    [
      [":status", "307"],
      ["cache-control", "private"],
      ["date", first],
      ["location", location],
    ],
    [
      [":status", "200"],
      ["cache-control", "private"],
      ["date", second],
      ["location", location],
      ["content-encoding", "gzip"],
      ["set-cookie", cookie],
    ],
  ];

  it.each([
    [
      "C.5, responses without Huffman coding, with eviction",
      "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "4803 3330 37c1 c0bf",
      "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
    ],
    [
      "C.6, responses with Huffman coding, with eviction",
      "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
      "4883 640e ffc1 c0bf",
      "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ],
  ])("%s", (_, ...blocks) => {
    const decoder = decoderOf();
    // The examples say that the table has 256 bytes.
    decode(decoder, "3fe1 01");
    expect(blocks.map((block) => decode(decoder, block))).toEqual(responses);
    expect(decode(decoder, table(3))).toEqual([
      ["set-cookie", cookie],
      ["content-encoding", "gzip"],
      ["date", second],
    ]);
    expect(() => decode(decoder, table(4))).toThrow("index 65");
  });
});

describe("the decoder refuses", () => {
  it.each([
    ["index 0", "80"],
    ["an index that is in no table", "be"],
    ["a name's index that is in no table", "7f 00 00"],
    ["an integer that is cut off", "ff"],
    ["an integer of more than 28 bits", "ff ff ff ff ff 0f"],
    ["a string that is cut off", "00 03 6162"],
    ["a field without a value", "00 01 61"],
    ["a field without a name", "00"],
    ["a string's length that is cut off", "00 7f"],
    ["a table larger than it allows", "3fe2 1f"],
    ["a change of the table's size after a field", "82 20"],
    ["Huffman padding of a whole byte", "00 82 1fff 00"],
    ["Huffman padding of zeroes", "00 81 18 00"],
    ["EOS in a string", "00 84 ffff ffff 00"],
  ])("%s", (_, block) => {
    let error: unknown;
    try {
      decode(decoderOf(), block);
    } catch (e) {
      error = e;
    }
    expect(error).toBeInstanceOf(H2Error);
    expect((error as H2Error).code).toBe(ErrorCode.COMPRESSION_ERROR);
  });

  it("a block that does not begin with the smaller table that was asked for", () => {
    const decoder = decoderOf();
    decoder.setLimits({ tableBytes: 100, listBytes: 1000 });
    expect(() => decode(decoder, "82")).toThrow("reduction");
    const other = decoderOf();
    other.setLimits({ tableBytes: 100, listBytes: 1000 });
    expect(decode(other, "3f45 82")).toEqual([[":method", "GET"]]);
  });
});

describe("the decoder", () => {
  it("drops what is over the limit of a list and keeps the table right for what follows", () => {
    const decoder = decoderOf(4096, 100);
    // Three fields of 42 bytes each, put into the table.
    const block = hex(
      "4005 6161 6161 6105 3131 3131 31 4005 6262 6262 6205 3232 3232 32 4005 6363 6363 6305 3333 3333 33",
    );
    const section = decoder.decode(block, 0, block.length);
    expect(section.isOverLimit).toBe(true);
    expect(pairs(section.fields)).toEqual([
      ["aaaaa", "11111"],
      ["bbbbb", "22222"],
    ]);
    expect(decode(decoder, "be")).toEqual([["ccccc", "33333"]]);
  });

  it("holds no more of a list than the limit, however often one long entry is named", () => {
    const decoder = decoderOf(4096, 8192);
    const name = new Uint8Array(4000);
    const end = putInteger(name, 0, 0x40, 0x3f, 0);
    const filled = putInteger(name, end, 0, 0x7f, 3900);
    name.fill(0x61, filled, filled + 3900);
    decode(decoder, name.subarray(0, filled + 3901));
    const bomb = new Uint8Array(60_000).fill(0xbe);
    const section = decoder.decode(bomb, 0, bomb.length);
    expect(section.isOverLimit).toBe(true);
    expect(section.fields.length).toBe(2);
  });

  it("reads a Huffman-coded string that is longer than any before", () => {
    let text = "x";
    for (let i = 0; i < 5; i++) {
      text = text.repeat(10);
      const block = new Uint8Array(text.length * 2 + 20);
      let at = putInteger(block, 0, 0, 0x0f, 58);
      const length = Math.ceil((text.length * 7) / 8);
      at = putHuffman(block, putInteger(block, at, 0x80, 0x7f, length), text);
      expect(decode(decoderOf(4096, 1 << 20), block.subarray(0, at))).toEqual([["user-agent", text]]);
    }
  });

  it("gives a value that is UTF-8 as a string, and any other as bytes", () => {
    expect(decode(decoderOf(), "0001 61 04 c3a9 c3bc")).toEqual([["a", "éü"]]);
    expect(decode(decoderOf(), "0001 61 03 efbbbf")).toEqual([["a", "\ufeff"]]);
    expect(decode(decoderOf(), "0001 61 02 c328")).toEqual([["a", [0xc3, 0x28]]]);
  });

  it("reads a block as before when the table has not changed, and anew when it has", () => {
    const decoder = decoderOf();
    decode(decoder, "4001 6101 31");
    const once = decoder.decode(hex("be"), 0, 1);
    expect(decoder.decode(hex("be"), 0, 1)).toBe(once);
    decode(decoder, "4001 6101 32");
    expect(decode(decoder, "be")).toEqual([["a", "2"]]);
    expect(decode(decoder, "20 82")).toEqual([[":method", "GET"]]);
    expect(() => decode(decoder, "be")).toThrow("index 62");
  });

  it("throws nothing but H2Error, whatever it is given", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 }), (blocks) => {
        const decoder = decoderOf(200, 300);
        for (const block of blocks) {
          try {
            decoder.decode(block, 0, block.length);
          } catch (error) {
            expect(error).toBeInstanceOf(H2Error);
            return;
          }
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("tells fields that HTTP/2 does not allow from others", () => {
    const decoder = decoderOf();
    const kindOf = (name: string, value: string): boolean => {
      const block = new Uint8Array(200);
      let at = putInteger(block, 0, 0, 0x0f, 0);
      for (const text of [name, value]) {
        at = putInteger(block, at, 0, 0x7f, text.length);
        for (const c of text) block[at++] = c.charCodeAt(0);
      }
      const { kinds } = decoder.decode(block, 0, at);
      return (kinds & 0x100) === 0;
    };
    expect(kindOf("x-a", " with blanks ")).toBe(true);
    expect(kindOf("te", "trailers")).toBe(true);
    for (const [name, value] of [
      ["X-A", "1"],
      ["", "1"],
      ["a b", "1"],
      [":unknown", "1"],
      ["connection", "close"],
      ["transfer-encoding", "chunked"],
      ["te", "gzip"],
      ["x-a", "a\nb"],
      ["x-a", "a\rb"],
      ["x-a", "a\0b"],
      [":path", ""],
      [":status", "20"],
      ["content-length", "-1"],
      ["content-length", ""],
    ] as const) {
      expect([name, value, kindOf(name, value)]).toEqual([name, value, false]);
    }
  });
});
