import { expect, it } from "vitest";
import { ReceivedSections } from "./fields.ts";

const section = (value: string): string[] => [
  ":path",
  "/S/m",
  "content-type",
  "application/grpc",
  "x",
  value,
];

it("gives the list that it gave for the same section before, and no other", () => {
  const sections = new ReceivedSections();
  const first = sections.read(section("1"));
  expect(first).toEqual([
    { name: ":path", value: "/S/m" },
    { name: "content-type", value: "application/grpc" },
    { name: "x", value: "1" },
  ]);
  expect(sections.read(section("1"))).toBe(first);
  expect(sections.read(section("2"))[2]).toEqual({ name: "x", value: "2" });
  expect(sections.read(section("1").slice(2))).toHaveLength(2);
  expect(sections.read([...section("1"), "y", "1"])).toHaveLength(4);
});

it("remembers neither long sections nor bytes, which whoever gets them may change", () => {
  const sections = new ReceivedSections();
  for (const value of ["x".repeat(3_000), "\u00ff\u00fe"]) {
    const given = sections.read(section(value));
    expect(sections.read(section(value))).toEqual(given);
    expect(sections.read(section(value))).not.toBe(given);
  }
  const many = Array.from({ length: 40 }, (_, at) => [`x-${at}`, "1"]).flat();
  expect(sections.read(many)).not.toBe(sections.read(many));
});
