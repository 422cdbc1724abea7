// The decision first: constraints move the pick; the picture beside it shows what it was chosen from.
import { h, s, ask, askOnce, count, debounce, failure, kib, milliseconds, percent } from "./dom.js";
import { scatter } from "./chart.js";

const SLIDER_STEPS = 200;

export async function decide() {
  const comparison = await askOnce("comparison");
  if (!comparison.groups.length) return nothingToCompare(comparison);
  return comparison.groups.map((group) => decideFor(group, comparison.groups.length > 1));
}

function nothingToCompare({ not_compared: leftOut }) {
  return h("div", { class: "card none" },
    h("h1", {}, "There is nothing to compare yet"),
    h("p", {}, "A decision needs models that were published with metrics and examples."),
    h("ul", {}, leftOut.map(({ model, reason }) => h("li", {}, `${model}: ${reason}`))));
}

function decideFor(group, isOneOfSeveral) {
  const options = optionsOf(group);
  const limits = { min_accuracy: null, max_ms: null, max_kib: null, runtime: "" };
  const verdict = h("div", { "aria-live": "polite" });
  const picture = h("div", { class: "card" });
  let cost = options.some((option) => option.p50_ms != null) ? "p50_ms" : "bytes";
  let decision = null;

  const draw = () => picture.replaceChildren(
    costChoice(cost, (chosen) => { cost = chosen; draw(); }),
    scatter(group, options, cost, decision, limits),
    legend());
  const update = debounce(60, async () => {
    try {
      const { groups } = await ask(`recommendation?${query(limits)}`);
      decision = groups.find((each) => each.dataset === group.dataset).decision;
      verdict.replaceChildren(explain(decision));
      draw();
    } catch (error) {
      verdict.replaceChildren(failure(error));
    }
  });
  const set = (name) => (value) => { limits[name] = value; update(); };
  const accuracies = options.map((option) => option.accuracy);
  const times = options.map((option) => option.p50_ms).filter((time) => time != null);
  const sizes = options.map((option) => option.bytes / 1024);
  const controls = h("form", { class: "card", "aria-label": "Constraints", onsubmit: (e) => e.preventDefault() },
    h("h2", {}, "What must it meet?"),
    slider("At least this accuracy", accuracies, "min", percent, set("min_accuracy")),
    times.length ? slider("At most this time for one picture", times, "max", milliseconds, set("max_ms")) : null,
    slider("At most this file size", sizes, "max", (size) => `${count(Math.round(size))} KiB`, set("max_kib")),
    h("label", {}, "Runtime ",
      h("select", { onchange: (event) => set("runtime")(event.target.value) },
        h("option", { value: "" }, "any"),
        [...new Set(options.map((option) => option.runtime))].map((name) => h("option", {}, name)))),
    h("p", { class: "faint" }, times.length
      ? `Times were measured on ${hardware(group)}, one picture, one thread.`
      : "No latency was recorded with these models."));
  draw();
  update();
  return h("section", {},
    isOneOfSeveral ? h("h1", {}, `Models of ${group.dataset}`) : null,
    verdict,
    h("div", { class: "split" }, controls, picture));
}

function optionsOf(group) {
  return group.models.flatMap((model) => model.runtimes.map((row) => ({ ...row, ...intervalOf(model, row) })));
}

/** The published interval is the network's; on a runtime that answers otherwise it moves along. */
function intervalOf(model, row) {
  const shift = row.accuracy - model.accuracy;
  return {
    model: model.model,
    interval: model.interval.map((end) => end + shift),
    seeds: row.runtime === "onnx" && model.seeds ? Object.values(model.seeds.test_accuracy) : [],
  };
}

function hardware(group) {
  return [...new Set(group.models.map((model) => model.hardware).filter(Boolean))].join("; ");
}

function query(limits) {
  return new URLSearchParams(Object.entries(limits).filter(([, value]) => value !== null && value !== ""));
}

/** A slider over the values that there are; at its end it asks for nothing. */
function slider(title, values, kind, format, set) {
  const low = Math.min(...values), high = Math.max(...values);
  const free = kind === "min" ? 0 : SLIDER_STEPS;
  const isWide = kind === "max" && high / low > 5;  // then a step is a factor
  const at = (step) => isWide ? low * (high / low) ** (step / SLIDER_STEPS) : low + (high - low) * step / SLIDER_STEPS;
  const shown = h("span", { class: "value" }, "any");
  const input = h("input", {
    type: "range", min: 0, max: SLIDER_STEPS, value: free,
    oninput: () => {
      const step = Number(input.value);
      const value = step === free ? null : at(step);
      shown.textContent = value === null ? "any" : format(value);
      input.setAttribute("aria-valuetext", shown.textContent);
      set(value);
    },
    "aria-valuetext": "any",
  });
  return h("div", { class: "slider" }, h("label", {}, title, shown, input));
}

function explain(decision) {
  const { pick } = decision;
  return h("div", { class: `card ${pick ? "pick" : "none"}` },
    h("h1", {}, pick ? `Ship ${pick.model} on ${pick.runtime}` : "Ship none"),
    pick ? h("p", { class: "row" },
      h("strong", {}, percent(pick.accuracy)),
      h("span", { class: "faint" }, `95% interval ${percent(pick.interval[0])} to ${percent(pick.interval[1])}`),
      h("strong", {}, milliseconds(pick.p50_ms)),
      h("strong", {}, kib(pick.bytes)),
      h("a", { href: `#evidence/${encodeURIComponent(pick.model.split("/")[0])}` }, "its evidence")) : null,
    h("ul", {}, decision.reasons.map((reason) => h("li", {}, reason))));
}

function costChoice(cost, set) {
  const choice = (value, text) => h("label", {}, h("input", {
    type: "radio", name: "cost", value, checked: cost === value, onchange: () => set(value) }), ` ${text}`);
  return h("div", { class: "row", role: "radiogroup", "aria-label": "Cost on the horizontal axis" },
    choice("p50_ms", "time"), choice("bytes", "size"));
}

function legend() {
  return h("p", { class: "faint" },
    ["onnx", "onnx-int8", "torchscript"].map((runtime) => [key("point", runtime), ` ${runtime} `]),
    key("point", "onnx", "chosen"), " the pick ", key("seed"), " other seeds. Bars are 95% intervals; pale points are behind by "
    + "more than noise; nothing is cheaper and more accurate than the dotted line.");
}

function key(...classes) {
  return s("svg", { class: "chart key", viewBox: "0 0 14 14", "aria-hidden": "true" },
    s("circle", { class: classes.join(" "), cx: 7, cy: 7, r: 5 }));
}
