// Test pictures to click: wrong answers, near misses, disputed labels and ordinary ones; and the one that was clicked.
import { h, ask, askOnce, percent } from "./dom.js";
import { pictureLink, pictureSet } from "./pictures.js";

const SHOWN = 10;  // in a row

/** A test picture as a file, and what is known of it. */
export async function testPicture(dataset, index) {
  const set = await pictureSet(dataset);
  const answer = await fetch(`datasets/${encodeURIComponent(dataset)}/test-pictures/${index}`);
  if (!answer.ok) throw new Error(`There is no test picture ${index} of ${set.title}.`);
  const said = [`Test picture ${index} of ${set.title}, labelled ${set.labels[set.true[index]]}.`,
    set.disputed.includes(Number(index)) ? "People who looked disagree with that label." : "",
    set.side >= 64 ? "It was reduced for this page: answers may differ from those to the original." : ""];
  return { file: new File([await answer.blob()], `${dataset}-${index}.png`, { type: "image/png" }), said: said.join(" ") };
}

/** Rows of test pictures, data set by data set. */
export async function examples(models) {
  const { datasets } = await askOnce("datasets");
  const shown = await Promise.all(datasets.filter((each) => each.models.length).map((each) => ofDataset(each, models)));
  return shown.length ? shown : [h("p", { class: "faint" }, "No test pictures were published beside these models: there are no examples to click.")];
}

async function ofDataset({ name, models: tested, source, licence }, models) {
  const set = await pictureSet(name);
  const model = models.find((each) => each.default && tested.includes(each.name))?.name ?? tested[0];
  const [wrong, narrow] = await Promise.all([
    answers(model, { outcome: "wrong", sort: "most-confident" }), answers(model, { outcome: "right", sort: "least-confident" })]);
  const firstOfClass = set.labels.slice(0, SHOWN).map((_, label) => set.true.indexOf(label)).filter((index) => index >= 0);
  const labelled = (index) => pictureLink(set, index, [set.labels[set.true[index]]], set.disputed.includes(index));
  const answered = (each) => pictureLink(set, each.index, [each.true === each.predicted ? each.true : `${each.true} taken for ${each.predicted}`, percent(each.probability, 1)], each.disputed);
  return h("section", { class: "card examples" },
    h("h2", {}, `Test pictures of ${set.title}`),
    row(`Named wrongly by ${model}`, wrong, answered),
    row(`Hardly right by ${model}`, narrow, answered),
    row("Labels that people dispute", set.disputed.slice(0, SHOWN), labelled),
    row("Ordinary ones", firstOfClass, labelled),
    h("p", { class: "faint" }, `${source}${licence ? `, ${licence}` : ""}.`));
}

function row(title, found, show) {
  return found.length ? [h("h3", {}, title), h("ul", { class: "pictures small" }, found.map(show))] : null;
}

/** What a model answered to some pictures; none where it was published without its predictions. */
async function answers(model, choice) {
  const { files } = await askOnce(`models/${encodeURIComponent(model)}`);
  if (!files.predictions) return [];
  return (await ask(`models/${encodeURIComponent(model)}/predictions?${new URLSearchParams({ ...choice, limit: SHOWN })}`)).predictions;
}
