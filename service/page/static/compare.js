// One sortable table of models x runtimes, every pair with its difference, and a benchmark from here.
import { h, ask, askOnce, count, failure, kib, milliseconds, percent } from "./dom.js";

const LEVEL = .05;  // of a difference that is called more than noise

export async function compare(first, second, cell) {
  if (second) return (await import("./duel.js")).duel(first, second, cell);
  const [comparison, { models }] = await Promise.all([askOnce("comparison"), askOnce("models")]);
  return [
    h("h1", {}, "Every model beside every other"),
    comparison.groups.map((group) => [
      h("h2", {}, `${group.dataset}: ${count(group.test_images)} test pictures`),
      table(group),
      group.pairs.length ? [h("h3", {}, "Is the difference real?"), pairs(group)] : h("p", {}, "There is one model only: nothing to compare it with.")]),
    comparison.not_compared.length ? h("ul", {}, comparison.not_compared.map(({ model, reason }) => h("li", {}, `${model} is left out: ${reason}`))) : null,
    h("h2", {}, "Measure here and now"),
    benchmark(models, comparison.groups.flatMap((group) => group.models.map(({ hardware }) => hardware))),
  ];
}

function table(group) {
  const best = group.models[0];
  const rows = group.models.flatMap((model) => model.runtimes.map((row) => ({
    model: model.model, runtime: row.runtime, accuracy: row.accuracy, parameters: model.parameters,
    recall: row.macro_recall, macs: model.macs, bytes: row.bytes, p50_ms: row.p50_ms, behind: row.accuracy - best.accuracy,
    interval: model.interval.map((end) => end + row.accuracy - model.accuracy),
    noise: verdict(group, best.model, model.model), findings: model.findings,
  })));
  const columns = [
    ["Model", (row) => row.model, (row) => [h("a", { href: `#evidence/${encodeURIComponent(row.model.split("/")[0])}` }, row.model), row.findings.length ? ` (findings: ${row.findings.join(", ")})` : ""]],
    ["Runtime", (row) => row.runtime, (row) => row.runtime],
    ["Test accuracy", (row) => row.accuracy, (row) => `${percent(row.accuracy)} (${row.interval.map((end) => (100 * end).toFixed(2)).join("–")})`],
    ["Macro recall", (row) => row.recall, (row) => percent(row.recall)],
    ["Points behind the best", (row) => row.behind, (row) => row.behind === 0 && row.model === best.model ? "the best" : `${(-100 * row.behind).toFixed(2)}, ${row.noise}`],
    ["Parameters", (row) => row.parameters, (row) => count(row.parameters)],
    ["Multiply-adds", (row) => row.macs, (row) => `${(row.macs / 1e6).toFixed(1)} M`],
    ["File", (row) => row.bytes, (row) => kib(row.bytes)],
    ["Median time", (row) => row.p50_ms ?? Infinity, (row) => milliseconds(row.p50_ms)],
  ];
  return sortable(`Models of ${group.dataset}`, columns, rows);
}

function verdict({ pairs }, one, other) {
  const pair = pairs.find(({ first, second }) => (first === one && second === other) || (first === other && second === one));
  if (!pair) return "the same network";
  return pair.adjusted_p_value < LEVEL ? "more than noise" : "no more than noise";
}

/** A table that a click on a column's head sorts; columns are [title, key, shown]. */
export function sortable(label, columns, rows) {
  const body = h("tbody");
  const heads = columns.map(([title, key]) => {
    const head = h("th", { scope: "col" }, h("button", { type: "button", onclick: () => sort(head, key) }, title));
    return head;
  });
  const fill = (sorted) => body.replaceChildren(...sorted.map((row) => h("tr", {}, columns.map(([, , show]) => h("td", {}, show(row))))));
  function sort(head, key) {
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach((each) => each.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    fill([...rows].sort((one, other) => (key(one) < key(other) ? -1 : key(one) > key(other) ? 1 : 0) * (down ? -1 : 1)));
  }
  fill(rows);
  return h("div", { class: "scroll card", tabindex: 0, role: "region", "aria-label": label },
    h("table", {}, h("thead", {}, h("tr", {}, heads)), body));
}

const nameOf = (model) => model.split("/")[0];

function pairs(group) {
  const columns = [
    ["Pair", (pair) => pair.first + pair.second, (pair) => h("a", { href: `#${["compare", nameOf(pair.first), nameOf(pair.second)].map(encodeURIComponent).join("/")}` }, `${pair.first} against ${pair.second}`)],
    ["Difference", (pair) => pair.paired.difference, (pair) => `${(100 * pair.paired.difference).toFixed(2)} points`],
    ["95% interval", (pair) => pair.paired.interval[0], (pair) => pair.paired.interval.map((end) => (100 * end).toFixed(2)).join(" to ")],
    ["Only the first right", (pair) => pair.paired.only_first_right, (pair) => count(pair.paired.only_first_right)],
    ["Only the second right", (pair) => pair.paired.only_second_right, (pair) => count(pair.paired.only_second_right)],
    ["Both wrong", (pair) => pair.paired.both_wrong, (pair) => count(pair.paired.both_wrong)],
    ["Corrected p", (pair) => pair.adjusted_p_value, (pair) => pair.adjusted_p_value.toPrecision(2)],
    ["More than noise?", (pair) => pair.adjusted_p_value, (pair) => pair.adjusted_p_value < LEVEL ? "yes" : "no"],
  ];
  return [
    h("p", { class: "faint" }, "A pair leads to the pictures that only one of the two names rightly."),
    sortable(`Pairs of ${group.dataset}`, columns, group.pairs)];
}

/** Measure every model in turn, so that progress can be shown, and what is done stays when it is stopped. */
function benchmark(models, recordedOn) {
  const result = h("div", { "aria-live": "polite" });
  const recorded = [...new Set(recordedOn.filter(Boolean))].join("; ");
  const start = h("button", { type: "button", class: "main" }, "Measure every model");
  const stop = h("button", { type: "button", disabled: true }, "Stop");
  const bar = h("progress", { max: models.length, value: 0, "aria-label": "Models measured", hidden: true });
  let running = null;
  stop.onclick = () => running?.abort();
  start.onclick = async () => {
    running = new AbortController();
    const rows = [];
    start.disabled = true; stop.disabled = false; bar.hidden = false; bar.value = 0;
    try {
      for (const { name } of models) {
        const measured = await ask(`benchmark?model=${encodeURIComponent(name)}&batch_size=1`, { method: "POST", signal: running.signal });
        rows.push(...measuredRows(measured, models));
        bar.value += 1;
        result.replaceChildren(measuredTable(rows, measured));
      }
    } catch (error) {
      if (error.name !== "AbortError") result.append(failure(error));
      else result.append(h("p", { role: "status" }, `Stopped after ${bar.value} of ${models.length} models.`));
    }
    start.disabled = false; stop.disabled = true; bar.hidden = true;
  };
  return h("div", { class: "card" },
    h("p", { class: "faint" }, `One picture at a time, as recorded when the models were published${recorded ? ` (on ${recorded})` : ""} and as measured on this machine.`),
    h("div", { class: "row" }, start, stop, bar), result);
}

function measuredRows(measured, models) {
  return measured.models.flatMap(({ model, benchmark: { latencies } }) => latencies.map((row) => ({
    model, runtime: row.runtime, now: row.p50_ms, p99: row.p99_ms,
    recorded: models.find(({ name }) => name === model)?.p50_ms[row.runtime] ?? null })));
}

function measuredTable(rows, measured) {
  return h("div", {},
    h("p", { class: "faint" }, `Measured on ${measured.models[0].benchmark.hardware}.`),
    sortable("Measured here", [
      ["Model", (row) => row.model, (row) => row.model],
      ["Runtime", (row) => row.runtime, (row) => row.runtime],
      ["Recorded median", (row) => row.recorded ?? Infinity, (row) => milliseconds(row.recorded)],
      ["Median here", (row) => row.now, (row) => milliseconds(row.now)],
      ["99% here", (row) => row.p99, (row) => milliseconds(row.p99)]], rows));
}
