// One model in depth: its confusion matrix with every test picture, classes, reliability, curves, filters.
import { h, askOnce, count, kib, percent } from "./dom.js";
import { sortable } from "./compare.js";
import { confusion } from "./matrix.js";
import { curves, reliability } from "./curves.js";
import { Gallery, answersOf } from "./pictures.js";

const FILTERS = { filters_first: ["filters/first.png", "Filters of the first layer"], filters_last: ["filters/last.png", "Filters of the last layer"] };
const ORDERS = { "most-confident": "most sure first", "least-confident": "least sure first", index: "in the data set's order" };
const OUTCOMES = { "": "right and wrong", wrong: "wrong", right: "right" };

export async function evidence(chosen, cell) {
  const { models } = await askOnce("models");
  const model = models.find(({ name }) => name === chosen) ?? models.find((each) => each.default) ?? models[0];
  const at = `models/${encodeURIComponent(model.name)}`;
  const manifest = await askOnce(at);
  const [matrix, metrics, epochs] = manifest.files.metrics ? await Promise.all(["confusion-matrix", "metrics", "curves"].map((part) => askOnce(`${at}/${part}`))) : [];
  const tested = matrix ? await pictures(model, matrix.labels, cell) : null;
  return [
    h("h1", {}, `What ${model.name} can do`),
    choice(models, model),
    identity(manifest, model),
    h("div", { class: "columns" },
      h("div", {}, h("h2", {}, "Confusion matrix"), matrix ? confusion(matrix, tested.open) : missing("The confusion matrix")),
      h("div", {}, h("h2", {}, "By class"), metrics ? classes(metrics, tested) : missing("The metrics"))),
    h("h2", {}, "Test pictures"),
    tested?.element ?? missing("What it answered to each test picture"),
    h("h2", {}, "Probabilities and training"),
    h("div", { class: "columns" },
      metrics ? reliability(metrics.calibration) : missing("Its reliability"),
      epochs ? curves(epochs.epochs, epochs.chosen_epoch) : missing("The curves of its training")),
    h("h2", {}, "Filters"),
    h("div", { class: "columns" }, Object.entries(FILTERS).map(([role, [path, title]]) => manifest.files[role] ? figure(`${at}/${path}`, title) : missing(title))),
  ];
}

/** A choice of one model, data set by data set. */
export function modelSelect(models, selected, change, label) {
  const sets = Map.groupBy(models, ({ dataset }) => dataset);
  const options = (group) => group.map(({ name }) => h("option", { selected: name === selected }, name));
  return h("label", { class: "row" }, `${label} `, h("select", { onchange: (event) => change(event.target.value) },
    sets.size === 1 ? options(models) : [...sets].map(([dataset, group]) => h("optgroup", { label: dataset }, options(group)))));
}

function choice(models, model) {
  return modelSelect(models, model.name, (name) => { location.hash = `evidence/${encodeURIComponent(name)}`; }, "Model");
}

function identity(manifest, model) {
  const { architecture, provenance } = manifest;
  const facts = [
    `${count(architecture.parameters)} parameters`, `${(architecture.macs / 1e6).toFixed(1)} M multiply-adds`,
    architecture.blocks ? `blocks: ${architecture.blocks.join(", ")}` : null,
    `${manifest.labels.length} classes`, `trained on ${provenance.dataset}, seed ${provenance.seed}`,
  ].filter(Boolean);
  const at = `models/${encodeURIComponent(model.name)}/files`;
  return h("div", {},
    h("p", { class: "faint" }, facts.join(" · ")),
    h("p", { class: "row" }, "Download ", Object.entries(model.bytes).map(([runtime, bytes]) =>
      h("a", { href: `${at}/${runtime}?version=${model.version}`, download: true }, `${runtime}, ${kib(bytes)}`)),
      h("a", { href: `#layers/${encodeURIComponent(model.name)}` }, "its layers")),
    manifest.findings.length ? h("div", { class: "card error" }, h("h3", {}, "Something is wrong with it"),
      h("ul", {}, manifest.findings.map(({ name, message }) => h("li", {}, `${name}: ${message}`)))) : null);
}

/** The test pictures behind every figure; the address leads back to the chosen class and answer. */
async function pictures(model, labels, cell) {
  const answers = await answersOf(model.name), gallery = new Gallery();
  const [i, j] = (cell ?? "-").split("-").map((place) => labels[place] ?? "");
  const choice = { true: i, predicted: j, outcome: cell ? "" : "wrong", sort: "most-confident" };
  const places = () => [choice.true, choice.predicted].map((label) => label === "" ? "" : labels.indexOf(label)).join("-");
  const select = (field, title, options) => h("label", {}, `${title} `, h("select", { name: field, onchange: (event) => set({ [field]: event.target.value }) },
    options.map(([value, text]) => h("option", { value, selected: choice[field] === value }, text))));
  const any = [["", "any"], ...labels.map((label) => [label, label])];
  const controls = h("form", { class: "row", "aria-label": "Which test pictures", onsubmit: (event) => event.preventDefault() },
    select("true", "True class", any), select("predicted", "Predicted class", any),
    select("outcome", "Answers", Object.entries(OUTCOMES)), select("sort", "Order", Object.entries(ORDERS)));
  async function set(changes) {
    Object.assign(choice, changes);
    for (const [field, value] of Object.entries(choice)) controls.elements[field].value = value;
    const place = places();
    history.replaceState(null, "", `#evidence/${encodeURIComponent(model.name)}${place === "-" ? "" : `/${place}`}`);
    await gallery.show(said(choice), answers(choice));
  }
  const open = (true_, predicted) => set({ true: labels[true_], predicted: predicted == null ? "" : labels[predicted], outcome: "" }).then(() => gallery.focus());
  gallery.show(said(choice), answers(choice)).then(() => { if (cell) gallery.focus(); });
  return { element: h("div", {}, controls, gallery.element), open };
}

function said({ true: label, predicted, outcome }) {
  const which = label && predicted ? label === predicted ? `${label}, named rightly` : `${label} taken for ${predicted}`
    : label ? `Class ${label}` : predicted ? `Named ${predicted}` : "Test pictures";
  return outcome ? `${which}: ${outcome} answers` : which;
}

function classes({ test }, tested) {
  const button = (row) => h("button", { type: "button", title: "Its test pictures", onclick: () => tested.open(test.per_class.indexOf(row)) }, row.label);
  return sortable("Classes", [
    ["Class", (row) => row.label, tested ? button : (row) => row.label],
    ["Precision", (row) => row.precision, (row) => percent(row.precision)],
    ["Recall", (row) => row.recall, (row) => percent(row.recall)],
    ["Pictures", (row) => row.support, (row) => count(row.support)]], test.per_class);
}

function figure(path, title) {
  return h("figure", { class: "card" }, h("img", { class: "figure", src: path, alt: title, loading: "lazy" }), h("figcaption", {}, title));
}

function missing(what) {
  return h("p", { class: "faint" }, `${what}: not published with this model.`);
}
