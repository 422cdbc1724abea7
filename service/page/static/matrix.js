// Confusion matrices, of one model or as the difference of two; of many classes, the most confused pairs.
import { h, count, percent } from "./dom.js";
import { sortable } from "./compare.js";

const MOST_CLASSES = 25;  // that fit side by side
const MOST_PAIRS = 50;

/** Rows are true classes, columns are predicted ones; `open(i, j)` shows the pictures of a cell. */
export function confusion({ labels, counts }, open) {
  const most = Math.max(1, ...counts.flatMap((row, i) => row.filter((_, j) => i !== j)));
  const tone = (i, j) => i === j ? "right" : `wrong${Math.ceil(3 * counts[i][j] / most)}`;
  const pictures = (n) => n === 1 ? "1 picture" : `${count(n)} pictures`;
  const said = (i, j) => `${pictures(counts[i][j])} of ${labels[i]} ${i === j ? "named rightly" : `taken for ${labels[j]}`}`;
  if (labels.length > MOST_CLASSES) {
    return list("Most confused pairs", labels, cells(counts, (i, j) => i !== j), [
      ["Pictures", (cell) => cell.n, (cell) => opener(cell, count(cell.n), said(cell.i, cell.j), open)],
      ["Of its class", (cell) => cell.share, (cell) => percent(cell.share, 1)]]);
  }
  return table("Confusion matrix", "Rows are true classes, columns are predicted ones.", labels, (i, j) =>
    counts[i][j] ? { tone: tone(i, j), text: count(counts[i][j]), said: said(i, j) } : null, open);
}

/** Counts of the first model less those of the second. */
export function difference(labels, first, second, [one, other], open) {
  const counts = first.map((row, i) => row.map((n, j) => n - second[i][j]));
  const text = (n) => n > 0 ? `+${n}` : `−${-n}`;
  const said = (i, j) => `${labels[i]} named ${labels[j]}: ${first[i][j]} times by ${one}, ${second[i][j]} by ${other}`;
  const tone = (i, j) => (counts[i][j] > 0) === (i === j) ? "first" : "second";
  if (labels.length > MOST_CLASSES) {
    return list("Largest differences", labels, cells(counts, () => true), [
      ["Difference", (cell) => cell.n, (cell) => opener(cell, text(cell.n), said(cell.i, cell.j), open)],
      [one, (cell) => first[cell.i][cell.j], (cell) => count(first[cell.i][cell.j])],
      [other, (cell) => second[cell.i][cell.j], (cell) => count(second[cell.i][cell.j])]]);
  }
  return table("Difference of the confusion matrices", `${one} less ${other}. Blue: ${one} does better there; yellow: ${other} does.`, labels, (i, j) =>
    first[i][j] || second[i][j] ? { tone: counts[i][j] ? tone(i, j) : "", text: counts[i][j] ? text(counts[i][j]) : "0", said: said(i, j) } : null, open);
}

function table(title, caption, labels, cellAt, open) {
  const cell = (i, j) => {
    const shown = cellAt(i, j);
    if (!shown) return h("td");
    return h("td", { class: shown.tone }, opener({ i, j }, shown.text, shown.said, open));
  };
  return h("div", { class: "scroll card", tabindex: 0, role: "region", "aria-label": title },
    h("table", { class: "matrix" }, h("caption", {}, caption),
      h("thead", {}, h("tr", {}, h("td"), labels.map((label) => heading("col", label)))),
      h("tbody", {}, labels.map((label, i) => h("tr", {}, heading("row", label), labels.map((_, j) => cell(i, j)))))));
}

/** A class's name, cut after three lines; whole when pointed at. */
function heading(scope, label) {
  return h("th", { scope, title: label }, h("span", {}, label));
}

function opener({ i, j }, text, said, open) {
  return h("button", { type: "button", "aria-label": said, title: said, onclick: () => open(i, j) }, text);
}

function list(title, labels, found, columns) {
  const shown = found.slice(0, MOST_PAIRS);
  return [
    h("p", { class: "faint" }, `${labels.length} classes: the ${shown.length} of ${count(found.length)} pairs that matter most.`),
    sortable(title, [
      ["True", (cell) => labels[cell.i], (cell) => labels[cell.i]],
      ["Predicted", (cell) => labels[cell.j], (cell) => labels[cell.j]], ...columns], shown)];
}

/** Cells that are not 0, the largest first. */
function cells(counts, isWanted) {
  return counts.flatMap((row, i) => {
    const sum = row.reduce((total, n) => total + n, 0) || 1;
    return row.map((n, j) => ({ i, j, n, share: n / sum })).filter(({ j, n }) => n && isWanted(i, j));
  }).sort((one, other) => Math.abs(other.n) - Math.abs(one.n));
}
