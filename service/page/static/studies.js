// What was tried over several seeds: each question with its table, its figures and the verdict.
import { h, askOnce, percent } from "./dom.js";
import { sortable } from "./compare.js";

const LEVEL = .05;

export async function studies(chosen) {
  const { studies: stored } = await askOnce("studies");
  if (!stored.length) {
    return [h("h1", {}, "Studies"), h("div", { class: "card" },
      h("p", {}, "No study is stored here. "), h("p", {}, "`tandem study --list` names the questions that can be put to several seeds."))];
  }
  const study = stored.find(({ name }) => name === chosen);
  return study ? whole(study) : overview(stored);
}

function overview(stored) {
  return [
    h("h1", {}, `${stored.length} questions, each put to several seeds`),
    h("div", { class: "cards" }, stored.map((study) => h("article", { class: "card" },
      h("h2", {}, h("a", { href: `#studies/${encodeURIComponent(study.name)}` }, study.name)),
      h("p", {}, study.question),
      h("p", { class: "faint" }, `${study.dataset}, ${study.arms.length} arms; best: ${best(study).label}`)))),
  ];
}

function best({ arms }) {
  return [...arms].sort((one, other) => other.test_accuracy.mean - one.test_accuracy.mean)[0];
}

function whole(study) {
  const real = study.pairs.filter((pair) => pair.adjusted_p_value < LEVEL);
  return [
    h("p", {}, h("a", { href: "#studies" }, "← all studies")),
    h("h1", {}, study.question),
    h("p", { class: "lead" }, `${study.dataset}; protocol: ${study.protocol}. ${real.length ? `${real.length} of ${study.pairs.length} differences are more than noise.` : "No difference is more than noise."}`),
    sortable("Arms", [
      ["Arm", (arm) => arm.label, (arm) => arm.label],
      ["Test accuracy", (arm) => arm.test_accuracy.mean, (arm) => spread(arm.test_accuracy)],
      ["Seeds", (arm) => arm.seeds, (arm) => String(arm.seeds)],
      ["Parameters", (arm) => arm.parameters, (arm) => arm.parameters.toLocaleString("en")],
      ["Findings", (arm) => Object.keys(arm.findings).length, (arm) => Object.entries(arm.findings).map(([name, runs]) => `${name} in ${runs}`).join(", ") || "none"]], study.arms),
    h("div", { class: "columns" }, Object.entries(study.figures).map(([role, link]) =>
      h("figure", { class: "card" }, h("img", { class: "figure", src: link.replace(/^\//, ""), alt: `${role} of ${study.name}`, loading: "lazy" }), h("figcaption", {}, role)))),
  ];
}

function spread({ mean, standard_deviation: deviation }) {
  return deviation == null ? percent(mean) : `${percent(mean)} ± ${(100 * deviation).toFixed(2)}`;
}
