import { describe, expect, it } from "vitest";
import { ControlledProcess } from "./control.ts";

const program = `
  require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
    const { id, op } = JSON.parse(line);
    if (op === "die") { console.error("last words"); process.exit(3); }
    if (op === "hang") return;
    console.log(JSON.stringify(op === "fail" ? { id, error: "no" } : { id, value: op }));
  });`;

const start = () => new ControlledProcess("the child", process.execPath, ["-e", program]);

describe("a controlled process", () => {
  it("answers each request with its own value", async () => {
    await using child = start();
    expect(await Promise.all(["a", "b"].map((op) => child.request(op)))).toEqual(["a", "b"]);
  });

  it("rejects a request with the operation's own error", async () => {
    await using child = start();
    await expect(child.request("fail")).rejects.toThrow("the child: fail: no");
  });

  it("rejects what waits, and what comes later, when it ends", async () => {
    await using child = start();
    const waiting = child.request("hang");
    await expect(child.request("die")).rejects.toThrow(/the child ended with 3\nlast words/);
    await expect(waiting).rejects.toThrow("ended with 3");
    await expect(child.request("a")).rejects.toThrow("ended with 3");
  });

  it("can be killed", async () => {
    await using child = start();
    const waiting = child.request("hang");
    waiting.catch(() => {});
    await child.kill();
    await expect(waiting).rejects.toThrow("ended with SIGKILL");
  });

  it("says that its program is missing", async () => {
    await using child = new ControlledProcess("nothing", "/no/such/program", []);
    await expect(child.request("a")).rejects.toThrow(/could not start.*ENOENT/);
  });
});
