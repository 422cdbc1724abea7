// What was tried over several seeds: each question with its table, its figures, the verdict, and the seed report's figures beside ours.
import { h, s, askOnce, percent } from "./dom.js";
import { sortable } from "./compare.js";
import { flawedHead } from "./flawed.js";

const LEVEL = .05;
const FIGURES = { accuracy: "Test accuracy of every seed", curves: "Training: loss and accuracy by epoch", trade: "Accuracy against what it costs", confusion: "What the test pictures were predicted as" };
const WIDTH = 760, ROW = 34, LEFT = 120, RIGHT = 60, TOP = 12, BOTTOM = 24;

export async function studies(chosen, step) {
  const { studies: stored } = await askOnce("studies");
  if (!stored.length) {
    return [h("h1", {}, "Studies"), h("div", { class: "card" },
      h("p", {}, "No study is stored here. "), h("p", {}, "`tandem study --list` names the questions that can be put to several seeds."))];
  }
  const study = stored.find(({ name }) => name === chosen);
  if (!study) return overview(stored);
  return [study.name === "flawed-head" ? await flawedHead(stored, study, step) : null, whole(study, study.name === "flawed-head" ? "h2" : "h1")];
}

function overview(stored) {
  const flawed = stored.find(({ name }) => name === "flawed-head");
  return h("section", {},
    h("h1", {}, `${stored.length} questions, each put to several seeds`),
    beside(stored),
    flawed ? h("p", {}, h("a", { href: "#studies/flawed-head/1" }, "How a network can be 96% right and 71% right at once: the flawed head, step by step")) : null,
    h("div", { class: "cards" }, stored.map((study) => h("article", { class: "card" },
      h("h2", {}, h("a", { href: `#studies/${encodeURIComponent(study.name)}` }, study.name)),
      h("p", {}, study.question),
      h("p", { class: "faint" }, `${study.dataset}, ${study.arms.length} arms; best: ${best(study).label}`)))));
}

/** The seed report's test accuracies and ours, a row a network. */
function beside(stored) {
  const rows = new Map();
  for (const { protocol, arms } of stored) {
    for (const { label, reported, test_accuracy: test } of arms) {
      if (reported?.test == null) continue;
      rows.set(label, { ...rows.get(label), label, reported: reported.test, [protocol]: test.mean });
    }
  }
  if (!rows.size) return null;
  const protocols = [...new Set([...rows.values()].flatMap(Object.keys))].filter((key) => key !== "label" && key !== "reported");
  const low = Math.floor(20 * Math.min(...[...rows.values()].map(({ reported }) => reported))) / 20;
  const at = (share) => LEFT + (WIDTH - LEFT - RIGHT) * (share - low) / (1 - low);
  const height = TOP + ROW * rows.size + BOTTOM;
  const marks = { reported: ["the seed report", "seed-report"], seed: ["its protocol, repeated without the fault", "its-protocol"], ours: ["our protocol", "our-protocol"] };
  const ticks = Array.from({ length: Math.round((1 - low) / .05) + 1 }, (_, number) => low + number * .05);
  return h("div", { class: "card" },
    h("h2", {}, "The seed report's test accuracies, and the same networks here"),
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "The seed report's figures beside ours" },
      s("svg", { class: "chart wide", viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": "Test accuracy of four networks: in the seed report, and here" },
        ticks.map((tick) => [s("line", { class: "axis", x1: at(tick), x2: at(tick), y1: TOP, y2: height - BOTTOM }),
          s("text", { x: at(tick), y: height - 6, "text-anchor": "middle" }, percent(tick, 0))]),
        [...rows.values()].map((row, number) => {
          const y = TOP + ROW * number + ROW / 2;
          return [s("text", { x: LEFT - 10, y: y + 4, "text-anchor": "end" }, row.label),
            s("line", { class: "error", x1: at(row.reported), x2: at(Math.max(...protocols.map((key) => row[key] ?? 0))), y1: y, y2: y }),
            ["reported", ...protocols].filter((key) => row[key] != null).map((key) => s("circle", { class: marks[key]?.[1] ?? "seed", cx: at(row[key]), cy: y, r: 7 },
              s("title", {}, `${row.label}, ${marks[key]?.[0] ?? key}: ${percent(row[key])}`))),
            s("text", { x: at(row.reported), y: y - 10, "text-anchor": "middle" }, percent(row.reported)),
            s("text", { x: WIDTH - 4, y: y + 4, "text-anchor": "end" }, percent(Math.max(...protocols.map((key) => row[key] ?? 0))))];
        }))),
    h("p", { class: "row keys" }, ["reported", ...protocols].map((key) => h("span", {}, s("svg", { class: "chart key", width: 14, height: 14, "aria-hidden": true },
      s("circle", { class: marks[key]?.[1] ?? "seed", cx: 7, cy: 7, r: 6 })), ` ${marks[key]?.[0] ?? key}`))));
}

function best({ arms }) {
  return [...arms].sort((one, other) => other.test_accuracy.mean - one.test_accuracy.mean)[0];
}

function whole(study, heading) {
  const real = study.pairs.filter((pair) => pair.adjusted_p_value != null && pair.adjusted_p_value < LEVEL);
  const hasReported = study.arms.some((arm) => arm.reported);
  return [
    h("p", {}, h("a", { href: "#studies" }, "← all studies")),
    h(heading, {}, study.question),
    h("p", { class: "lead" }, `${study.dataset}; protocol: ${study.protocol}. ${real.length ? `${real.length} of ${study.pairs.length} differences are more than noise.` : "No difference is more than noise."}`),
    sortable("Arms", [
      ["Arm", (arm) => arm.label, (arm) => arm.label],
      ["Test accuracy", (arm) => arm.test_accuracy.mean, (arm) => spread(arm.test_accuracy)],
      ...hasReported ? [
        ["Seed report: test", (arm) => arm.reported?.test ?? 0, (arm) => arm.reported?.test == null ? "none" : percent(arm.reported.test)],
        ["Seed report: validation", (arm) => arm.reported?.validation ?? 0, (arm) => arm.reported ? percent(arm.reported.validation) : "none"]] : [],
      ["Seeds", (arm) => arm.seeds, (arm) => String(arm.seeds)],
      ["Parameters", (arm) => arm.parameters, (arm) => arm.parameters.toLocaleString("en")],
      ["Findings", (arm) => Object.keys(arm.findings).length, (arm) => Object.entries(arm.findings).map(([name, runs]) => `${name} in ${runs}`).join(", ") || "none"]], study.arms),
    study.pairs.length ? [h("h2", {}, "Is the difference real?"), pairs(study.pairs)] : null,
    h("h2", {}, "Figures"),
    h("div", { class: "columns" }, Object.entries(study.figures).map(([role, link]) =>
      h("figure", { class: "card" }, h("img", { class: "figure", src: link.replace(/^\//, ""), alt: `${FIGURES[role]}: ${study.name}`, loading: "lazy" }), h("figcaption", {}, FIGURES[role])))),
  ];
}

function pairs(all) {
  const points = (value) => value == null ? "not known" : `${(100 * value).toFixed(2)}`;
  return sortable("Pairs of arms", [
    ["Pair", (pair) => pair.first, (pair) => `${pair.first} against ${pair.second}`],
    ["Points", (pair) => pair.difference ?? 0, (pair) => points(pair.difference)],
    ["95% interval", (pair) => pair.interval?.[0] ?? 0, (pair) => pair.interval ? pair.interval.map(points).join(" to ") : "not known"],
    ["Corrected p", (pair) => pair.adjusted_p_value ?? 1, (pair) => pair.adjusted_p_value?.toPrecision(2) ?? "not known"],
    ["More than noise?", (pair) => pair.adjusted_p_value ?? 1, (pair) => pair.adjusted_p_value == null ? "not known" : pair.adjusted_p_value < LEVEL ? "yes" : "no"]], all);
}

function spread({ mean, standard_deviation: deviation }) {
  return deviation == null ? percent(mean) : `${percent(mean)} ± ${(100 * deviation).toFixed(2)}`;
}
