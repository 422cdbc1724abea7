// Where two networks spend their weights, multiply-adds and time, block beside block.
import { h, s, ask, askOnce, count, failure, kib, milliseconds } from "./dom.js";
import { sortable } from "./compare.js";
import { blockOf, blocksOf } from "./why.js";

const KINDS = ["standard", "depthwise", "pointwise", "linear", "pooling", "addition", "other"];
const UNITS = {
  macs: { title: "multiply-adds", format: (value) => `${(value / 1000).toLocaleString("en", { maximumFractionDigits: value < 1e5 ? 1 : 0 })} K` },
  parameters: { title: "weights", format: (value) => count(Math.round(value)) },
  time: { title: "time, measured here", format: (value) => milliseconds(value / 1000) },
};
const WIDEST = 760, NARROWEST = 320, MARGINS = 72, ROW = 30, MIDDLE = 68, TEXT = 66, TOP = 26;

export async function layers(one, other) {
  const { models } = await askOnce("models");
  const names = models.map(({ name }) => name);
  const left = names.includes(one) ? one : names.includes("conv") ? "conv" : names[0];
  const right = names.includes(other) ? other : names.find((name) => name !== left && name === "mobilenet") ?? names.find((name) => name !== left);
  const sides = [left, right].filter(Boolean);
  const graphs = await Promise.all(sides.map((name) => askOnce(`models/${encodeURIComponent(name)}/graph`)));
  const times = sides.map(() => null);
  const picture = h("div"), said = h("p", { role: "status", class: "faint" });
  let unit = "macs";

  const draw = () => picture.replaceChildren(
    butterfly(graphs, times, unit), keys(),
    ...graphs.map((graph, side) => table(graph, times[side])));
  async function measure() {
    said.textContent = "Measuring …";
    try {
      for (const [side, name] of sides.entries()) times[side] = await ask(`models/${encodeURIComponent(name)}/profile`, { method: "POST" });
      said.textContent = `Measured on ${times[0].hardware}, one picture, one thread, mean of ${times[0].runs} runs. `
        + "A short step costs some microseconds whatever it computes, so a block of two saves less time than multiply-adds.";
    } catch (error) {
      unit = "macs";
      said.replaceChildren(failure(error));
    }
    draw();
  }
  const choice = (value) => h("label", {}, h("input", { type: "radio", name: "unit", value, checked: unit === value,
    onchange: () => { unit = value; if (value === "time" && !times[0]) measure(); else draw(); } }), ` ${UNITS[value].title}`);
  const choose = (title, value, at) => h("label", {}, title, " ", h("select", { onchange: (event) => {
    const chosen = [left, right];
    chosen[at] = event.target.value;
    location.hash = `layers/${chosen.filter(Boolean).map(encodeURIComponent).join("/")}`;
  } }, names.map((name) => h("option", { selected: name === value }, name))));
  draw();
  return h("section", {},
    h("h1", {}, "Where a network spends its work"),
    graphs.some((graph) => graph.layers.some(({ kind }) => kind === "depthwise")) ? h("p", { class: "lead" },
      "A MobileNet block replaces one standard convolution by two: depthwise, one filter a channel, then pointwise, 1 × 1 across channels.") : null,
    h("div", { class: "row" }, choose("Left", left, 0), right ? choose("Right", right, 1) : null,
      h("div", { class: "row", role: "radiogroup", "aria-label": "What the bars show" }, Object.keys(UNITS).map(choice))),
    h("div", { class: "card" }, said, picture));
}

/** One row a block: bars of the left network go left, those of the right one go right. */
function butterfly(graphs, times, unit) {
  const blocks = blocksOf(graphs);
  const parts = graphs.map((graph, side) => graph.layers.map((layer, number, all) => ({
    block: blockOf(layer, number, all), name: layer.name, kind: layer.kind, value: worth(layer, times[side], unit) })));
  const rows = blocks.map((block) => parts.map((side) => side.filter((part) => part.block === block)));
  if (unit === "time") {
    blocks.push("layout");
    rows.push(times.map((time) => Object.entries(time?.added ?? {}).map(([name, value]) => ({ name, kind: "other", value }))));
  }
  blocks.push("all");
  rows.push(graphs.map((_, side) => [{ name: "all of it", kind: "all", value: total(rows.flatMap((row) => row[side])) }]));
  const most = Math.max(1e-9, ...rows.slice(0, -1).flatMap((row) => row.map(total)));
  const width = Math.max(NARROWEST, Math.min(WIDEST, innerWidth - MARGINS));
  const room = (width - MIDDLE) / 2 - TEXT, { title, format } = UNITS[unit];
  const height = TOP + ROW * rows.length + 4;
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Bars of ${title}` },
    s("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img",
      "aria-label": `${title} of each block: ${graphs.map(({ model }) => model).join(" and ")}` },
      graphs.map((graph, side) => s("text", { class: "name", x: side ? width - 4 : 4, y: 16, "text-anchor": side ? "end" : "start" }, graph.model)),
      rows.map((row, number) => [
        s("text", { x: width / 2, y: TOP + ROW * number + 19, "text-anchor": "middle" }, blocks[number]),
        row.map((cell, side) => bar(cell, width / 2, side, number, room / most, format)),
        row.length === 2 ? ratio(row.map(total), width / 2, number) : null])));
}

function worth(layer, time, unit) {
  return unit === "time" ? time?.layers[layer.name] ?? 0 : layer[unit];
}

function total(parts) {
  return parts.reduce((sum, { value }) => sum + value, 0);
}

function bar(parts, centre, side, number, scale, format) {
  const y = TOP + ROW * number + 4, sign = side ? 1 : -1, middle = centre + sign * MIDDLE / 2;
  const sum = total(parts);
  if (parts[0]?.kind === "all") {
    return s("text", { class: "name", x: middle + sign * 6, y: y + 15, "text-anchor": side ? "start" : "end" }, format(sum));
  }
  let from = 0;
  const bars = parts.filter(({ value }) => value > 0).map(({ name, kind, value }) => {
    const width = scale * value, start = from;
    from += width;
    return s("rect", { class: `kind-${kind}`, x: side ? middle + start : middle - start - width, y, width, height: ROW - 10 },
      s("title", {}, `${name}, ${kind}: ${format(value)}`));
  });
  return [bars, sum ? s("text", { x: middle + sign * (from + 6), y: y + 15, "text-anchor": side ? "start" : "end" }, format(sum)) : null];
}

/** How many times more the larger one has, below the block's name. */
function ratio([left, right], centre, number) {
  const [small, large] = [Math.min(left, right), Math.max(left, right)];
  if (!small || large / small < 1.15) return null;
  return s("text", { class: "ratio", x: centre, y: TOP + ROW * number + 31, "text-anchor": "middle" }, `${(large / small).toFixed(1)} ×`);
}

function keys() {
  return h("p", { class: "row keys" }, KINDS.slice(0, 5).map((kind) => h("span", {}, s("svg", { width: 12, height: 12, "aria-hidden": true },
    s("rect", { class: `kind-${kind}`, width: 12, height: 12 })), ` ${kind}`)));
}

function table(graph, time) {
  const at = `models/${encodeURIComponent(graph.model)}/files`;
  const columns = [
    ["Layer", ({ number }) => number, ({ name }) => name],
    ["Kind", ({ kind }) => kind, ({ kind, operator, activation }) => `${kind === "other" ? operator : kind}${activation ? ` + ${activation}` : ""}`],
    ["Makes", ({ shape }) => shape.reduce((product, side) => product * side, 1), ({ shape }) => shape.join(" × ")],
    ["Filters", ({ weight }) => weight?.length ?? 0, ({ weight }) => weight?.join(" × ") ?? ""],
    ["Weights", ({ parameters }) => parameters, ({ parameters }) => count(parameters)],
    ["Multiply-adds", ({ macs }) => macs, ({ macs }) => count(macs)],
    ["Time", ({ name }) => time?.layers[name] ?? 0, ({ name }) => time?.layers[name] == null ? "" : milliseconds(time.layers[name] / 1000)],
  ];
  return h("details", {}, h("summary", {}, `${graph.model}: ${graph.layers.length} layers, ${count(graph.parameters)} weights, ${count(graph.macs)} multiply-adds, ${kib(graph.bytes)}`),
    h("p", {}, h("a", { href: `${at}/onnx?version=${graph.version}`, download: true }, `Download the ONNX file of ${graph.model}`)),
    sortable(`Layers of ${graph.model}`, time ? columns : columns.slice(0, -1), graph.layers.map((layer, number) => ({ ...layer, number }))));
}
