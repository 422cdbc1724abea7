// Accuracy against a cost, as SVG: intervals, seeds, the pick, and what the constraints leave out.
import { h, s, kib, milliseconds, percent } from "./dom.js";

const WIDTH = 640, HEIGHT = 380, LEFT = 62, RIGHT = 16, TOP = 14, BOTTOM = 44;

export function scatter(group, options, cost, decision, limits) {
  const shown = options.filter((option) => option[cost] != null);
  if (!shown.length) return h("p", {}, "No latency was recorded with these models.");
  const x = logarithmic(shown.map((option) => option[cost]));
  const y = linear(shown.flatMap((option) => [...option.interval, ...option.seeds]));
  const format = cost === "bytes" ? kib : milliseconds;
  const limit = cost === "bytes" ? limits.max_kib && limits.max_kib * 1024 : limits.max_ms;
  return s("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img",
    "aria-label": `Test accuracy of ${group.dataset} against ${cost === "bytes" ? "file size" : "time for one picture"}` },
    outside(x, y, limit, limits.min_accuracy),
    y.ticks.map((tick) => [
      s("line", { class: "axis", x1: LEFT, x2: WIDTH - RIGHT, y1: y.at(tick), y2: y.at(tick) }),
      s("text", { x: LEFT - 6, y: y.at(tick) + 4, "text-anchor": "end" }, percent(tick, y.digits))]),
    x.ticks.map((tick) => s("text", { x: x.at(tick), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, format(tick))),
    s("text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 8, "text-anchor": "middle" },
      cost === "bytes" ? "file size" : "median time for one picture"),
    s("path", { class: "front", d: front(shown, cost, x, y) }),
    shown.map((option) => point(option, x.at(option[cost]), y, decision, format(option[cost]))),
    names(shown.filter((option) => option.runtime === "onnx" || isPicked(option, decision)), cost, x, y));
}

/** What no other beats in both, from the cheapest on: a step where more accuracy begins to cost more. */
function front(options, cost, x, y) {
  const cheapest = [...options].sort((a, b) => a[cost] - b[cost] || b.accuracy - a.accuracy);
  let best = -Infinity, path = "";
  for (const option of cheapest) {
    if (option.accuracy <= best) continue;
    best = option.accuracy;
    const across = x.at(option[cost]), up = y.at(best);
    path += path ? `H${across}V${up}` : `M${across} ${up}`;
  }
  return `${path}H${WIDTH - RIGHT}`;
}

/** Names beside their points, left of them where the right has no room, moved down until they cover no other. */
function names(options, cost, x, y) {
  const placed = [];
  return options.map((option) => {
    const text = option.model.split("/")[0], width = 7 * text.length, point = x.at(option[cost]);
    const isLeft = point + 11 + width > WIDTH && point - 11 - width > 0;
    const left = isLeft ? point - 11 - width : point + 11;
    let at = y.at(option.accuracy) + 4;
    while (placed.some((other) => Math.abs(other.at - at) < 13 && other.left < left + width && left < other.right)) at += 13;
    placed.push({ at, left, right: left + width });
    return s("text", { x: isLeft ? point - 11 : left, y: at, "text-anchor": isLeft ? "end" : "start" }, text);
  });
}

function isPicked(option, decision) {
  return decision?.pick?.model === option.model && decision.pick.runtime === option.runtime;
}

function point(option, x, y, decision, price) {
  const [low, high] = option.interval;
  const isPick = isPicked(option, decision);
  const isTied = decision?.tied.includes(option.model);
  return s("g", { opacity: !decision || isPick || isTied ? 1 : .55 },
    s("title", {}, `${option.model} on ${option.runtime}: ${percent(option.accuracy)}, ${price}`),
    s("line", { class: "error", x1: x, x2: x, y1: y.at(low), y2: y.at(high) }),
    option.seeds.map((seed) => s("circle", { class: "seed", cx: x, cy: y.at(seed), r: 3 })),
    s("circle", { class: `point ${option.runtime} ${isPick ? "chosen" : ""}`, cx: x, cy: y.at(option.accuracy), r: isPick ? 9 : 6 }));
}

function outside(x, y, most, least) {
  const rectangles = [];
  const plot = { top: TOP, bottom: HEIGHT - BOTTOM, left: LEFT, right: WIDTH - RIGHT };
  if (most) {
    const from = Math.min(Math.max(x.at(most), plot.left), plot.right);
    rectangles.push({ x: from, y: plot.top, width: plot.right - from, height: plot.bottom - plot.top });
  }
  if (least) {
    const from = Math.min(Math.max(y.at(least), plot.top), plot.bottom);
    rectangles.push({ x: plot.left, y: from, width: plot.right - plot.left, height: plot.bottom - from });
  }
  return rectangles.map((rectangle) => s("rect", { class: "outside", ...rectangle }));
}

function logarithmic(values) {
  const low = Math.log(Math.min(...values) / 1.25), high = Math.log(Math.max(...values) * 1.6);
  const at = (value) => LEFT + (WIDTH - LEFT - RIGHT) * (Math.log(value) - low) / ((high - low) || 1);
  const [from, to] = [Math.exp(low), Math.exp(high)];
  for (const steps of [[1], [1, 2, 5], [1, 1.5, 2, 3, 5, 7]]) {
    const ticks = roundNumbers(from, to, steps);
    if (ticks.length > 3) return { at, ticks };
  }
  return { at, ticks: [tidy(from * 1.1), tidy(Math.sqrt(from * to)), tidy(to / 1.1)] };
}

/** The numbers of a range that are one of the steps times a power of ten. */
function roundNumbers(from, to, steps) {
  const ticks = [];
  for (let power = Math.floor(Math.log10(from)); 10 ** power <= to; power += 1) {
    ticks.push(...steps.map((step) => step * 10 ** power).filter((tick) => tick >= from && tick <= to));
  }
  return ticks;
}

function linear(values) {
  const least = Math.min(...values), most = Math.max(...values);
  const margin = (most - least) * .06 || .005;
  const low = Math.max(0, least - margin), high = Math.min(1, most + margin);
  const at = (value) => HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / ((high - low) || 1);
  const step = [.0005, .001, .002, .005, .01, .02, .05, .1, .2].find((each) => (high - low) / each <= 7) ?? .2;
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) ticks.push(tick);
  return { at, ticks, digits: step < .001 ? 2 : step < .01 ? 1 : 0 };
}

/** Round to two significant digits. */
function tidy(value) {
  return Number(value.toPrecision(2));
}
