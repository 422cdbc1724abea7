// One model in depth: confusion matrix, classes, curves, reliability, filters, right and wrong examples.
import { h, ask, askOnce, count, failure, kib, percent } from "./dom.js";
import { sortable } from "./compare.js";

const FIGURES = {
  "examples/wrong.png": "Test pictures that it names wrongly",
  "examples/correct.png": "Test pictures that it names rightly",
  "curves.png": "Training: loss and accuracy by epoch",
  "reliability.png": "Reliability: are its probabilities honest?",
  "filters/first.png": "Filters of the first layer",
  "filters/last.png": "Filters of the last layer",
};

export async function evidence(chosen, cell) {
  const { models } = await askOnce("models");
  const model = models.find(({ name }) => name === chosen) ?? models.find((each) => each.default) ?? models[0];
  const at = `models/${encodeURIComponent(model.name)}`;
  const parts = await Promise.allSettled([askOnce(`${at}/confusion-matrix`), askOnce(`${at}/metrics`), askOnce(at), askOnce(`${at}/examples?kind=wrong&limit=1000`)]);
  const [matrix, metrics, manifest, wrong] = parts.map((part) => part.value);
  return [
    h("h1", {}, `What ${model.name} can do`),
    choice(models, model),
    manifest ? identity(manifest, model) : null,
    h("div", { class: "columns" },
      matrix ? confusion(model.name, matrix, wrong, cell) : missing("confusion matrix"),
      metrics ? classes(metrics) : missing("metrics")),
    h("h2", {}, "Pictures of it"),
    h("div", { class: "columns" }, Object.entries(FIGURES).map(([path, title]) => figure(`${at}/${path}`, title))),
  ];
}

function choice(models, model) {
  return h("label", { class: "row" }, "Model ",
    h("select", { onchange: (event) => { location.hash = `evidence/${encodeURIComponent(event.target.value)}`; } },
      models.map(({ name }) => h("option", { selected: name === model.name }, name))));
}

function identity(manifest, model) {
  const { architecture, provenance } = manifest;
  const facts = [
    `${count(architecture.parameters)} parameters`, `${(architecture.macs / 1e6).toFixed(1)} M multiply-adds`,
    architecture.blocks ? `blocks: ${architecture.blocks.join(", ")}` : null,
    `${manifest.labels.length} classes`, `trained on ${provenance.dataset}, seed ${provenance.seed}`,
    Object.entries(model.bytes).map(([runtime, bytes]) => `${runtime} ${kib(bytes)}`).join(", "),
  ].filter(Boolean);
  return h("div", {},
    h("p", { class: "faint" }, facts.join(" · ")),
    manifest.findings.length ? h("div", { class: "card error" }, h("h3", {}, "Something is wrong with it"),
      h("ul", {}, manifest.findings.map(({ name, message }) => h("li", {}, `${name}: ${message}`)))) : null);
}

/** Rows are true labels, columns are predicted ones; a wrong cell opens the pictures that it counts. */
function confusion(name, { labels, counts }, wrong, cell) {
  const opened = h("div", { "aria-live": "polite" });
  const most = Math.max(1, ...counts.flatMap((row, i) => row.filter((_, j) => i !== j)));
  const open = (i, j) => opened.replaceChildren(list(labels[i], labels[j], counts[i][j], wrong));
  const shade = (i, j, n) => i === j ? "right" : n === 0 ? "" : `wrong${Math.ceil(3 * n / most)}`;
  const table = h("table", { class: "matrix" },
    h("caption", {}, "Rows are true labels, columns are predicted ones."),
    h("thead", {}, h("tr", {}, h("td"), labels.map((label) => h("th", { scope: "col" }, label)))),
    h("tbody", {}, counts.map((row, i) => h("tr", {}, h("th", { scope: "row" }, labels[i]),
      row.map((n, j) => h("td", { class: shade(i, j, n) }, n === 0 || i === j ? String(n || "")
        : h("button", { type: "button", "aria-label": `${n} pictures of ${labels[i]} taken for ${labels[j]}`,
          onclick: () => { history.replaceState(null, "", `#evidence/${encodeURIComponent(name)}/${i}-${j}`); open(i, j); } }, String(n))))))));
  if (cell) open(...cell.split("-").map(Number));
  return h("div", {}, h("h2", {}, "Confusion matrix"),
    h("div", { class: "scroll card", tabindex: 0, role: "region", "aria-label": "Confusion matrix" }, table), opened);
}

function list(true_, predicted, n, wrong) {
  const examples = (wrong?.examples ?? []).filter((each) => each.true === true_ && each.predicted === predicted);
  return h("div", { class: "card" },
    h("h3", {}, `${n} of ${true_} taken for ${predicted}`),
    examples.length ? h("ul", {}, examples.map((each) => h("li", {}, `test picture ${each.index}, ${percent(each.probability, 1)} sure${each.disputed ? ", label disputed" : ""}`)))
      : h("p", {}, "Which pictures these are was not published with the model."));
}

function classes({ test }) {
  return h("div", {}, h("h2", {}, "By class"),
    sortable("Classes", [
      ["Class", (row) => row.label, (row) => row.label],
      ["Precision", (row) => row.precision, (row) => percent(row.precision)],
      ["Recall", (row) => row.recall, (row) => percent(row.recall)],
      ["Pictures", (row) => row.support, (row) => count(row.support)]], test.per_class));
}

function figure(path, title) {
  const box = h("figure", { class: "card" },
    h("img", { class: "figure", src: path, alt: title, loading: "lazy", onerror: () => box.replaceChildren(missing(title)) }),
    h("figcaption", {}, title));
  return box;
}

function missing(what) {
  return h("p", { class: "faint" }, `${what}: not published with this model.`);
}
