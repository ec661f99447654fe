/** Curves over training steps, as SVG that grows with its data. */

import { h } from "./dom.js";

const [WIDTH, HEIGHT, LEFT, BOTTOM, TOP] = [360, 150, 44, 20, 8];
const MOST_POINTS = 400;

function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A figure for each number that the rows have besides their step. */
export function lineCharts(rows) {
  const names = [
    ...new Set(
      rows.flatMap((row) =>
        Object.keys(row).filter((name) => name !== "step" && Number.isFinite(row[name])),
      ),
    ),
  ];
  return names.map((name) =>
    chart(
      name,
      rows.filter((row) => Number.isFinite(row[name])).map((row) => [row.step, row[name]]),
    ),
  );
}

function chart(name, all) {
  const every = Math.ceil(all.length / MOST_POINTS);
  const points = all.filter((_, i) => i % every === 0 || i === all.length - 1);
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [x0, x1] = [Math.min(...xs), Math.max(...xs)];
  let [y0, y1] = [Math.min(...ys), Math.max(...ys)];
  if (y0 === y1) [y0, y1] = [y0 - Math.abs(y0 || 1) / 10, y1 + Math.abs(y1 || 1) / 10];
  const x = (value) => LEFT + ((value - x0) / (x1 - x0 || 1)) * (WIDTH - LEFT - 8);
  const y = (value) => TOP + (1 - (value - y0) / (y1 - y0)) * (HEIGHT - TOP - BOTTOM);
  const last = points.at(-1);
  const text = (value, attributes) => svg("text", attributes, value);
  const picture = svg(
    "svg",
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      class: "chart",
      role: "img",
      "aria-label": `${name}: ${short(last[1])} at step ${last[0]}`,
    },
    svg("path", {
      class: "grid",
      d: `M${LEFT} ${y(y0)}H${WIDTH - 8}M${LEFT} ${y(y1)}H${WIDTH - 8}M${LEFT} ${y((y0 + y1) / 2)}H${WIDTH - 8}`,
    }),
    svg("path", {
      class: "curve",
      d: points
        .map(([step, value], i) => `${i ? "L" : "M"}${x(step).toFixed(1)} ${y(value).toFixed(1)}`)
        .join(""),
    }),
    svg("circle", { class: "dot", cx: x(last[0]), cy: y(last[1]), r: 2.5 }),
    text(short(y1), { x: LEFT - 6, y: y(y1) + 4, "text-anchor": "end" }),
    text(short(y0), { x: LEFT - 6, y: y(y0) + 4, "text-anchor": "end" }),
    text(String(x0), { x: LEFT, y: HEIGHT - 4 }),
    text(`step ${x1}`, { x: WIDTH - 8, y: HEIGHT - 4, "text-anchor": "end" }),
  );
  return h(
    "figure",
    { class: "chart-box" },
    h(
      "figcaption",
      {},
      h("span", { text: name.replaceAll("_", " ") }),
      h("strong", { text: short(last[1]) }),
    ),
    picture,
  );
}

function short(value) {
  return Math.abs(value) >= 1000 || (value && Math.abs(value) < 0.001)
    ? value.toExponential(1)
    : String(Number(value.toPrecision(3)));
}
