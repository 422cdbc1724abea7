// Two models of the same test pictures: where their answers differ, and the pictures themselves.
import { h, askOnce, count, percent } from "./dom.js";
import { modelSelect } from "./evidence.js";
import { difference } from "./matrix.js";
import { Gallery, answersOf } from "./pictures.js";

export async function duel(first, second, cell) {
  const [{ groups }, { models }] = await Promise.all([askOnce("comparison"), askOnce("models")]);
  const versions = new Map(models.map(({ name, version }) => [name, `${name}/${version}`]));
  const group = groups.find((each) => [first, second].every((name) => each.models.some(({ model }) => model === versions.get(name))));
  const compared = models.filter(({ name }) => groups.some((each) => each.models.some(({ model }) => model === versions.get(name))));
  const rivals = (name) => compared.filter((other) => other.name !== name && groups.some((each) => [name, other.name].every((one) => each.models.some(({ model }) => model === versions.get(one)))));
  const go = (one, other) => { location.hash = ["compare", one, other].map(encodeURIComponent).join("/"); };
  const heading = [
    h("p", {}, h("a", { href: "#compare" }, "← all models")),
    h("h1", {}, `${first} beside ${second}`),
    h("div", { class: "row" },
      modelSelect(compared, first, (name) => go(name, name === second ? rivals(name)[0]?.name ?? first : second), "First"),
      modelSelect(group ? rivals(first) : compared, second, (name) => go(first, name), "Second")),
  ];
  if (!group || first === second) return [...heading, h("div", { class: "card none" }, h("p", {}, "Two different models are needed that were tested on the same pictures: of others, no difference can be told."))];
  const [one, other] = await Promise.all([first, second].map((name) => askOnce(`models/${encodeURIComponent(name)}/confusion-matrix`)));
  const cells = new Gallery(), others = new Gallery();
  const opened = h("div", { class: "columns", hidden: true }, cells.element, others.element);
  const answers = await Promise.all([first, second].map(answersOf));
  const galleries = await bothKnown(first, second) ? [
    [`Only ${first} is right`, { outcome: "right", against: second, against_outcome: "wrong" }],
    [`Only ${second} is right`, { outcome: "wrong", against: second, against_outcome: "right" }],
    ["Both are wrong", { outcome: "wrong", against: second, against_outcome: "wrong" }],
  ].map(([title, choice]) => { const gallery = new Gallery([first, second]); gallery.show(title, answers[0](choice)); return gallery.element; })
    : h("p", { class: "card" }, "At least one of them was published without its predictions: which pictures only one of them names rightly is not known. Train it again to have them.");

  async function open(i, j) {
    history.replaceState(null, "", `#${["compare", first, second, `${i}-${j}`].map(encodeURIComponent).join("/")}`);
    opened.hidden = false;
    const choice = { true: one.labels[i], predicted: one.labels[j] };
    const named = i === j ? `${one.labels[i]}, named rightly` : `${one.labels[i]} taken for ${one.labels[j]}`;
    await Promise.all([cells.show(`${first}: ${named}`, answers[0](choice)), others.show(`${second}: ${named}`, answers[1](choice))]);
    cells.focus();
  }
  if (cell) open(...cell.split("-").map(Number));
  return [...heading,
    verdict(group, versions.get(first), versions.get(second)),
    h("h2", {}, "Where their answers differ"),
    difference(one.labels, one.counts, other.counts, [first, second], open), opened,
    h("h2", {}, "Picture by picture"),
    h("p", { class: "faint" }, `Each picture with its label; the ones that ${first} is most sure of come first.`), galleries];
}

async function bothKnown(...names) {
  const manifests = await Promise.all(names.map((name) => askOnce(`models/${encodeURIComponent(name)}`)));
  return manifests.every(({ files }) => files.predictions);
}

function verdict({ pairs, models, test_images: pictures }, first, second) {
  const pair = pairs.find((each) => [each.first, each.second].includes(first) && [each.first, each.second].includes(second));
  const accuracy = (name) => percent(models.find(({ model }) => model === name).accuracy);
  const { interval, difference: points } = pair.paired;
  return h("p", {}, `${first} names ${accuracy(first)} of ${count(pictures)} test pictures rightly, ${second} ${accuracy(second)}. `,
    `${pair.first} is ${(100 * points).toFixed(2)} points ahead (95% interval ${interval.map((end) => (100 * end).toFixed(2)).join(" to ")}): `,
    pair.adjusted_p_value < .05 ? "more than noise." : "no more than noise.");
}
