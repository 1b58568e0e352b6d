import { cases } from "../cases.ts";
import { median, type Results, ratios } from "../results.ts";

/** Who is in the picture, in its order, and in what colour on a light and on a dark ground. */
const shown: Readonly<Record<string, { label: string; light: string; dark: string }>> = {
  ttheader: { label: "Slipstream TTHeader", light: "#1f6feb", dark: "#4c9aff" },
  http2: { label: "Slipstream HTTP/2", light: "#0a9396", dark: "#2ec4b6" },
  websocket: { label: "Slipstream WebSocket", light: "#7b5cd6", dark: "#a58bf5" },
  "kitex-ttheader": { label: "Kitex (Go) TTHeader", light: "#d9822b", dark: "#f0a04b" },
  "kitex-grpc": { label: "Kitex (Go) gRPC", light: "#e3b23c", dark: "#f2cc60" },
  connect: { label: "connect-node", light: "#a3a9b3", dark: "#7d8590" },
};

/** A case of each kind; a run that has none of them shows what it has. */
const shownCases = [
  "unary.c1.pinned",
  "unary.c64",
  "sstream.64B.s1",
  "sstream.1K.s16",
  "sstream.64K.s1",
  "cstream.1K.s16",
  "duplex.64B.s16",
  "open.10pairs.c64",
];

const width = 860;
const left = 172;
const right = 46;
const bar = 11;
const gap = 14;
/** Room for the two lines of its name. */
const minGroup = 26;
const top = 86;

/** Bars of the ratios to the baseline, on a logarithmic scale: a group for each case, a bar for each contender. */
export function ratioChart(results: Results): string {
  const names = Object.keys(shown).filter((name) => results.contenders.some((one) => one.name === name));
  const picked = shownCases.filter((name) => results.cases.includes(name));
  const groups = (picked.length > 0 ? picked : results.cases).map((name) => ({
    title: cases[name]?.title ?? name,
    bars: names.flatMap((contender) => {
      const cell = { contender, case: name };
      const value = median(ratios(results, cell, { ...cell, contender: results.baseline }));
      return Number.isFinite(value) ? [{ contender, value }] : [];
    }),
  }));
  const values = groups.flatMap(({ bars }) => bars.map(({ value }) => value));
  const scale = new LogScale(Math.min(1, ...values), Math.max(2, ...values));
  const height =
    top + groups.reduce((sum, { bars }) => sum + Math.max(bars.length * bar, minGroup) + gap, 0) + 8;
  const parts: string[] = [];
  let y = top;
  for (const { title, bars } of groups) {
    const groupHeight = Math.max(bars.length * bar, minGroup);
    const middle = y + groupHeight / 2;
    let barTop = middle - (bars.length * bar) / 2;
    const [what = "", ...how] = title.split(", ");
    parts.push(
      text(left - 12, middle - 3, what, 'text-anchor="end"'),
      text(left - 12, middle + 12, how.join(", "), 'text-anchor="end" class="note"'),
    );
    for (const { contender, value } of bars) {
      const [from, to] = [scale.x(Math.min(1, value)), scale.x(Math.max(1, value))];
      parts.push(
        `<rect class="${className(contender)}" x="${from.toFixed(1)}" y="${barTop}" width="${Math.max(1, to - from).toFixed(1)}" height="${bar - 2}" rx="1.5"/>`,
        text(Number(to.toFixed(1)) + 5, barTop + bar - 2.5, ratioText(value), 'class="value"'),
      );
      barTop += bar;
    }
    y += groupHeight + gap;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="system-ui, -apple-system, 'Segoe UI', sans-serif" font-size="12">`,
    `<title>Operations per second, as a ratio to ${escape(results.baseline)}</title>`,
    style(names),
    `<rect class="ground" width="${width}" height="${height}" rx="8"/>`,
    text(16, 26, `Operations per second, times those of ${results.baseline}`, 'class="head"'),
    text(width - 16, 26, "logarithmic; longer is faster", 'text-anchor="end" class="note"'),
    ...legend(names),
    ...grid(scale, height),
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

class LogScale {
  readonly lowest: number;
  readonly highest: number;

  constructor(lowest: number, highest: number) {
    this.lowest = lowest;
    this.highest = highest;
  }

  x(value: number): number {
    const share = Math.log(value / this.lowest) / Math.log(this.highest / this.lowest);
    return left + share * (width - left - right);
  }
}

/** A line at each ratio that is easily read; the one at 1 is the baseline. */
function grid(scale: LogScale, height: number): string[] {
  const marks = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200].filter(
    (mark) => mark >= scale.lowest && mark <= scale.highest,
  );
  return marks.flatMap((mark) => {
    const x = scale.x(mark).toFixed(1);
    return [
      `<line class="${mark === 1 ? "one" : "grid"}" x1="${x}" y1="${top - 8}" x2="${x}" y2="${height - 10}"/>`,
      text(Number(x), top - 13, `${mark}×`, 'text-anchor="middle" class="note"'),
    ];
  });
}

function legend(names: readonly string[]): string[] {
  let x = 16;
  return names.flatMap((name) => {
    const label = shown[name]?.label ?? name;
    const parts = [
      `<rect class="${className(name)}" x="${x}" y="39" width="10" height="10" rx="2"/>`,
      text(x + 15, 48, label),
    ];
    x += 30 + label.length * 6.4;
    return parts;
  });
}

function style(names: readonly string[]): string {
  const colours = (ground: "light" | "dark"): string =>
    names.map((name) => `.${className(name)}{fill:${shown[name]?.[ground]}}`).join("");
  return [
    "<style>",
    `.ground{fill:#fff}text{fill:#24292f}.head{font-size:14px;font-weight:600}.value{font-size:9.5px}.note,.value{fill:#57606a}`,
    `.grid{stroke:#d8dee4}.one{stroke:#57606a}${colours("light")}`,
    "@media(prefers-color-scheme:dark){",
    `.ground{fill:#0d1117}text{fill:#e6edf3}.note,.value{fill:#9198a1}.grid{stroke:#21262d}.one{stroke:#9198a1}${colours("dark")}`,
    "}",
    "</style>",
  ].join("\n");
}

function className(name: string): string {
  return `c-${name.replaceAll(/[^a-z0-9-]/g, "-")}`;
}

function ratioText(value: number): string {
  return value >= 10 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(2);
}

function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${x}" y="${y}"${attributes ? ` ${attributes}` : ""}>${escape(content)}</text>`;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
