// Test pictures, cut out of their sheets, with what models made of them, a page at a time.
import { h, s, ask, askOnce, count, failure, percent } from "./dom.js";

const PAGE = 48;

/** What the test pictures of a data set are; null where they were not published. */
export async function pictureSet(dataset) {
  return dataset ? askOnce(`datasets/${encodeURIComponent(dataset)}/test-pictures`) : null;
}

/** One picture out of its sheet; what it shows is said by the text beside it. */
export function thumbnail({ name, side, columns, count: pictures }, index) {
  const full = columns ** 2, sheet = Math.floor(index / full), place = index % full;
  const rows = Math.min(columns, Math.ceil((pictures - sheet * full) / columns));
  const [left, top] = [place % columns, Math.floor(place / columns)].map((steps) => steps * side);
  return s("svg", { class: "thumbnail", viewBox: `${left} ${top} ${side} ${side}`, "aria-hidden": "true" },
    s("image", { href: `datasets/${encodeURIComponent(name)}/test-pictures/sheets/${sheet}.png`, width: columns * side, height: rows * side }));
}

/** A picture with lines of text, which leads to every model's answer to it. */
export function pictureLink(set, index, lines, disputed = false) {
  const content = [set ? thumbnail(set, index) : null, lines.map((line) => h("span", {}, line)),
    disputed ? h("span", { class: "disputed" }, "label disputed") : null];
  return h("li", {}, set ? h("a", { href: `#try/${encodeURIComponent(set.name)}/${index}` }, content) : h("div", {}, content));
}

/** What one model made of a picture, in lines; `names` are the two models' where there is another. */
export function caption({ index, true: label, predicted, probability, against }, names) {
  if (!against) return [predicted === label ? label : `${label} taken for ${predicted}`, `${percent(probability, 1)} · #${index}`];
  return [`${label} · #${index}`, `${names[0]}: ${predicted} ${percent(probability, 1)}`, `${names[1]}: ${against.predicted} ${percent(against.probability, 1)}`];
}

/** A heading, how many pictures there are, and the pictures, the next page on demand. */
export class Gallery {
  #turn = 0;
  #load;
  #names;
  #title = h("h3", { tabindex: -1 });
  #list = h("ul", { class: "pictures" });
  #note = h("p", { class: "faint", role: "status" });
  #more = h("button", { type: "button", hidden: true, onclick: () => this.#extend(this.#turn) }, "Show more");

  constructor(names = []) {
    this.#names = names;
    this.element = h("section", { class: "card gallery" }, this.#title, this.#note, this.#list, this.#more);
  }

  /** Show other pictures: `load(offset, limit)` gives a page of predictions. */
  async show(title, load) {
    this.#load = load;
    this.#title.textContent = title;
    this.#note.textContent = "Loading …";
    this.#list.replaceChildren();
    await this.#extend(++this.#turn);
    return this;
  }

  /** Bring it before the eyes, and to the keyboard. */
  focus() {
    this.element.scrollIntoView({ block: "nearest" });
    this.#title.focus({ preventScroll: true });
  }

  async #extend(turn) {
    try {
      const { total, dataset, predictions, note } = await this.#load(this.#list.children.length, PAGE);
      const set = await pictureSet(dataset);
      if (turn !== this.#turn) return;  // other pictures are wanted by now
      this.#list.append(...predictions.map((each) => pictureLink(set, each.index, caption(each, this.#names), each.disputed)));
      const notes = [`${count(total)} ${total === 1 ? "picture" : "pictures"}.`, note, total && !set ? "The pictures themselves were not published beside the models." : null];
      this.#note.textContent = notes.filter(Boolean).join(" ");
      this.#more.hidden = this.#list.children.length >= total;
    } catch (error) {
      if (turn === this.#turn) this.#note.replaceChildren(failure(error));
    }
  }
}

/** How a model's answers are asked for, by its name; a choice leaves out what it does not limit. */
export async function answersOf(model) {
  const { predictions, wrong, dataset } = await published(model);
  return (choice) => async (offset, limit) => {
    const chosen = Object.fromEntries(Object.entries(choice).filter(([, value]) => value != null && value !== ""));
    if (predictions) return ask(`models/${encodeURIComponent(model)}/predictions?${new URLSearchParams({ ...chosen, offset, limit })}`);
    return { dataset, note: WITHOUT, ...filtered(wrong, chosen, offset, limit) };
  };
}

const WITHOUT = "This model was published without its predictions: only wrong answers are known. Train it again to have the others.";

async function published(model) {
  const { files } = await askOnce(`models/${encodeURIComponent(model)}`);
  if (files.predictions) return { predictions: true };
  const [{ examples }, { datasets }] = await Promise.all([
    files.examples ? askOnce(`models/${encodeURIComponent(model)}/examples?kind=wrong&limit=1000`) : { examples: [] },
    askOnce("datasets")]);
  return { wrong: examples, dataset: datasets.find(({ models }) => models.includes(model))?.name };
}

function filtered(examples, { true: label, predicted, outcome, sort }, offset, limit) {
  const found = outcome === "right" ? [] : examples.filter((each) => (label ?? each.true) === each.true && (predicted ?? each.predicted) === each.predicted);
  const sorted = sort === "least-confident" ? found.reverse() : sort === "index" ? found.sort((one, other) => one.index - other.index) : found;
  return { total: found.length, predictions: sorted.slice(offset, offset + limit) };
}
