// The flawed head as a story: two faults that together made a report say 96% and 71% of the same networks.
import { h, s, askOnce, percent } from "./dom.js";
import { sortable } from "./compare.js";

export async function flawedHead(stored, { name, link }, chosen) {
  const { study, runs } = await askOnce(link.replace(/^\//, ""));
  const reported = networksOf(stored);
  const results = study.arms.flatMap((arm) => Object.entries(arm.runs).map(([seed, digest]) => result(arm.label, seed, runs[digest])));
  const steps = [
    ["One report, two answers", () => gap(reported)],
    ["A digit that is never named", () => silent(reported)],
    ["First fault: a ReLU on the logits", relu],
    ["Built again, with and without", () => again(results)],
    ["Second fault: one class against the rest", () => oneAgainstRest(reported)],
    ["Today it is noticed", () => noticed(results)],
  ];
  const at = Math.min(Math.max(Number(chosen) || 1, 1), steps.length);
  const [title, content] = steps[at - 1];
  const to = (number, text) => number >= 1 && number <= steps.length ? h("a", { class: "button", href: `#studies/${name}/${number}` }, text) : null;
  return h("article", { class: "card story" },
    h("p", { class: "faint" }, `The flawed head, step ${at} of ${steps.length}`),
    h("h1", {}, title),
    content(),
    h("nav", { class: "row", "aria-label": "Steps of the story" },
      to(at - 1, "← Back"), to(at + 1, at < steps.length ? `${steps[at][0]} →` : ""),
      h("ol", { class: "dots" }, steps.map(([each], number) => h("li", {}, h("a", { href: `#studies/${name}/${number + 1}`, "aria-current": number + 1 === at ? "step" : null, title: each }, String(number + 1)))))));
}

/** Networks of the seed report that have a test accuracy. */
function networksOf(stored) {
  const rows = new Map();
  for (const { arms } of stored) for (const { label, reported } of arms) if (reported?.test != null) rows.set(label, { label, ...reported });
  return [...rows.values()];
}

function result(label, seed, { metrics, findings }) {
  const { accuracy, confusion_matrix: matrix, per_class: classes } = metrics.test;
  const named = classes.map((_, column) => matrix.reduce((sum, row) => sum + row[column], 0));
  return { label, seed, accuracy, matrix, classes: classes.map((each) => each.label), findings,
    never: classes.filter((_, column) => !named[column]).map((each) => each.label), rest: againstRest(accuracy) };
}

/** A wrong answer is wrong for two of ten accuracies, one a class, and right for the eight others. */
function againstRest(accuracy) {
  return 1 - .2 * (1 - accuracy);
}

function gap(reported) {
  const most = Math.max(...reported.map(({ validation, test }) => validation - test));
  return [
    h("p", {}, "Before this project there was a report on four networks for handwritten digits. Of each it gives a validation accuracy and a test accuracy:"),
    sortable("The seed report", [
      ["Network", ({ label }) => label, ({ label }) => label],
      ["Validation", ({ validation }) => validation, ({ validation }) => percent(validation)],
      ["Test", ({ test }) => test, ({ test }) => percent(test)],
      ["Between them", ({ validation, test }) => validation - test, ({ validation, test }) => `${(100 * (validation - test)).toFixed(2)} points`]], reported),
    h("p", {}, `Nothing was learnt from either set, so the two should differ by little more than chance. They differ by up to ${(100 * most).toFixed(0)} points. Both cannot measure the same thing.`),
  ];
}

function silent(reported) {
  return [
    h("p", {}, "The report prints confusion matrices. In each, whole columns are (nearly) empty:"),
    h("ul", {}, reported.map(({ label, never_predicted: digits }) => h("li", {}, h("strong", {}, label), ` never names ${listed(digits)}: `,
      `at best ${10 - digits.length} of 10 digits can be right, about ${10 * (10 - digits.length)}%.`))),
    h("p", {}, "So the test accuracies are believable. It is the validation accuracies, 95% and more, that are not: a network that never names 7 is wrong on every 7, a tenth of all pictures."),
  ];
}

function relu() {
  const at = (x, y) => `${150 + 22 * x},${120 - 22 * y}`;
  return [
    h("p", {}, "A network ends with one number a class, its logit, and the softmax makes probabilities of them. Suppose that a ReLU stands between: what is below 0 becomes 0."),
    s("svg", { class: "chart relu", viewBox: "0 0 300 150", role: "img", "aria-label": "ReLU: flat at 0 below 0, where its gradient is 0; rising above" },
      s("line", { class: "axis", x1: 10, x2: 290, y1: 120, y2: 120 }), s("line", { class: "axis", x1: 150, x2: 150, y1: 10, y2: 145 }),
      s("polyline", { class: "dead", points: `${at(-6, 0)} ${at(0, 0)}` }), s("polyline", { class: "alive", points: `${at(0, 0)} ${at(5, 5)}` }),
      s("text", { x: 20, y: 110 }, "gradient 0: nothing is learnt"), s("text", { x: 232, y: 60 }, "gradient 1")),
    h("p", {}, "Where the output is 0, so is its gradient. A class whose logit is below 0 for every picture gets no gradient from any of them and stays there: it is dead. "
      + "It can be named only where all other outputs are 0 too, and then the first class wins the tie. Which classes die is decided by the first steps of training, that is, by the seed."),
  ];
}

function again(results) {
  const flawed = results.filter(({ never }) => never.length);
  const first = flawed[0] ?? results[0];
  const picture = h("div", {});
  const show = (shown) => picture.replaceChildren(matrix(shown));
  show(first);
  return [
    h("p", {}, "The study trains the same network with the same seeds twice: with a sound head, and with a ReLU on the logits."),
    sortable("Runs", [
      ["Head", ({ label }) => label, ({ label }) => label],
      ["Seed", ({ seed }) => seed, ({ seed }) => seed],
      ["Test accuracy", ({ accuracy }) => accuracy, ({ accuracy }) => percent(accuracy)],
      ["Never named", ({ never }) => never.length, ({ never }) => never.length ? listed(never) : "none"]], results),
    h("label", { class: "row" }, "Confusion matrix of ", h("select", { onchange: (event) => show(results[event.target.value]) },
      results.map((each, number) => h("option", { value: number, selected: each === first }, `${each.label}, seed ${each.seed}`)))),
    picture,
    h("p", {}, "An empty column is a class that the network never names. Where all outputs are 0 the first class wins: most pictures of a dead class are named 0."),
  ];
}

function matrix({ matrix: rows, classes, never }) {
  const most = Math.max(...rows.flat());
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Confusion matrix of the run" },
    h("table", { class: "matrix story-matrix" },
      h("caption", {}, "Rows are true labels, columns are predicted ones."),
      h("thead", {}, h("tr", {}, h("td"), classes.map((label) => h("th", { scope: "col", class: never.includes(label) ? "dead-class" : "" }, label)))),
      h("tbody", {}, rows.map((row, i) => h("tr", {}, h("th", { scope: "row" }, classes[i]),
        row.map((n, j) => h("td", { class: never.includes(classes[j]) ? "dead-class" : i === j && n ? "right" : n ? `wrong${Math.ceil(3 * n / most)}` : "" }, n ? String(n) : "")))))));
}

function oneAgainstRest(reported) {
  const said = h("output", {}), slider = h("input", { type: "range", min: 50, max: 100, step: .1, value: 71.1, "aria-label": "Accuracy" });
  const tell = () => { said.textContent = `${Number(slider.value).toFixed(1)}% of the pictures named rightly is ${percent(againstRest(slider.value / 100), 1)} one class against the rest.`; };
  slider.oninput = tell;
  tell();
  const furthest = Math.max(...reported.map(({ validation, test }) => Math.abs(againstRest(test) - validation)));
  return [
    h("p", {}, "Now the other number. Ask ten questions of each answer: is it a 0 or not, is it a 1 or not … A wrong answer fails two of the ten, the true class and the named one, and passes the other eight. "
      + "The mean of the ten accuracies is 1 − 0.2 × error: it looks high whatever happens."),
    h("div", { class: "slider" }, slider, said),
    sortable("One class against the rest", [
      ["Network", ({ label }) => label, ({ label }) => label],
      ["Test, as reported", ({ test }) => test, ({ test }) => percent(test)],
      ["That, one against the rest", ({ test }) => test, ({ test }) => percent(againstRest(test))],
      ["Validation, as reported", ({ validation }) => validation, ({ validation }) => percent(validation)]], reported),
    h("p", {}, `Read so, the report's test accuracies come to within ${(100 * furthest).toFixed(1)} points of its validation accuracies. This is an inference from its figures, not something that it says.`),
  ];
}

function noticed(results) {
  const flawed = results.filter(({ never }) => never.length);
  const messages = [...new Set(flawed.flatMap(({ findings }) => findings.map(({ name, message }) => `${name}: ${message}`)))];
  const sound = results.filter(({ never }) => !never.length), mistaken = sound.filter(({ findings }) => findings.length);
  return [
    h("p", {}, `Training looks for this after the last epoch. It names ${flawed.filter(({ findings }) => findings.length).length} of the ${flawed.length} flawed networks, and ${mistaken.length || "none"} of the ${sound.length} sound ones:`),
    h("ul", {}, messages.map((message) => h("li", {}, message))),
    h("p", {}, "Such a network is published only by ", h("code", {}, "--publish-flawed"), ", and then its manifest and every answer say so in ", h("code", {}, "findings"), "."),
  ];
}

function listed(names) {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
