import { cases } from "./cases.ts";
import { median, type Results, ratios } from "./report.ts";

const rowHeight = 16;
const labelWidth = 250;
const barWidth = 460;
const colours = ["#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5"];

/** Bars of the ratios to the baseline, on a logarithmic scale: one group a case, one bar a contender. */
export function barChart(results: Results): string {
  const names = results.contenders.map(({ name }) => name).filter((name) => name !== results.baseline);
  const groups = results.cases.map((name) => ({
    title: cases[name]?.title ?? name,
    bars: names.map((contender) => median(ratios(results, name, contender, results.baseline))),
  }));
  const highest = Math.max(2, ...groups.flatMap(({ bars }) => bars.filter(Number.isFinite)));
  const width = (ratio: number): number => (Math.log(Math.max(ratio, 1)) / Math.log(highest)) * barWidth;
  const parts: string[] = [];
  let y = 40;
  names.forEach((name, i) => {
    parts.push(
      `<rect x="${labelWidth + i * 110}" y="8" width="12" height="12" fill="${colours[i % colours.length]}"/>`,
    );
    parts.push(`<text x="${labelWidth + i * 110 + 17}" y="18">${escape(name)}</text>`);
  });
  for (const { title, bars } of groups) {
    parts.push(`<text x="${labelWidth - 10}" y="${y + 12}" text-anchor="end">${escape(title)}</text>`);
    bars.forEach((ratio, i) => {
      if (!Number.isFinite(ratio)) return;
      parts.push(
        `<rect x="${labelWidth}" y="${y}" width="${Math.max(1, width(ratio)).toFixed(1)}" height="${rowHeight - 4}" fill="${colours[i % colours.length]}"/>`,
      );
      parts.push(
        `<text x="${(labelWidth + width(ratio) + 5).toFixed(1)}" y="${y + 11}">${ratio.toFixed(ratio < 10 ? 1 : 0)}×</text>`,
      );
      y += rowHeight;
    });
    y += 10;
  }
  const total = labelWidth + barWidth + 60;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${total} ${y}" width="${total}" height="${y}" font-family="system-ui, sans-serif" font-size="12">`,
    `<title>Operations per second, ratio to ${escape(results.baseline)}</title>`,
    `<style>text{fill:#222}@media(prefers-color-scheme:dark){text{fill:#ddd}}</style>`,
    ...parts,
    "</svg>",
    "",
  ].join("\n");
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
