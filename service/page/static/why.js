// Why a model answers so: which places spoke for which class, and what each layer makes of the picture.
import { h, ask, askOnce, count, failure, percent } from "./dom.js";
import { easel } from "./easel.js";
import { pictureLink, pictureSet } from "./pictures.js";

const BLUE = "0,90,160", ORANGE = "213,94,0";  // for a class, and against it
const SIDE = 168;

export async function why(chosen) {
  const { models } = await askOnce("models");
  const first = models.find(({ name }) => name === chosen) ?? models.find((each) => each.default) ?? models[0];
  const shown = { model: first, beside: otherKind(models, first), label: "", picture: null, turn: 0 };
  const reasons = h("div", { "aria-live": "polite" }, h("p", { class: "lead" }, "Draw a digit, or bring a picture."));
  const layers = h("div"), near = h("div", { class: "card" }, h("p", { class: "loading" }, "Comparing with the test pictures"));

  async function showNearest() {
    const turn = shown.turn;
    try {
      const found = await nearest(await send("nearest", shown.model, shown.picture));
      if (turn === shown.turn) near.replaceChildren(...found);
    } catch (error) {
      if (turn === shown.turn) near.replaceChildren(h("p", { class: "faint" }, `No nearest pictures: ${error.message}.`));
    }
  }
  async function explain() {
    const turn = ++shown.turn;
    if (!shown.picture) return;
    try {
      const [told, other] = await Promise.all([askWhy(shown.model, shown), shown.beside && askWhy(shown.beside, shown).catch(() => null)]);
      if (turn !== shown.turn) return;
      reasons.replaceChildren(verdict(told), told.class_maps ? classMaps(told) : noClassMaps(told), near);
      showNearest();
      layers.replaceChildren(await layerByLayer([[shown.model, told], [shown.beside, other]].filter(([, its]) => its)));
    } catch (error) {
      if (turn !== shown.turn) return;
      reasons.replaceChildren(failure(error));
      layers.replaceChildren();
    }
  }

  const clear = () => {
    shown.turn++;
    shown.picture = null;
    reasons.replaceChildren(h("p", { class: "lead" }, "Draw a digit, or bring a picture."));
    layers.replaceChildren();
  };
  const choose = (title, names, value, set) => h("label", {}, title, " ",
    h("select", { onchange: (event) => { set(event.target.value); explain(); } },
      names.map((name) => h("option", { value: name, selected: name === value }, name || "none"))));
  const names = models.map(({ name }) => name);
  const named = (name) => models.find((model) => model.name === name) ?? null;
  const labels = () => choose("Also for the class", ["", ...shown.model.labels], "", (label) => { shown.label = label; });
  const chosenLabel = h("div", {}, labels());
  return [
    h("h1", {}, "Why does a network say so?"),
    h("div", { class: "split" },
      h("div", {},
        easel((picture) => { shown.picture = picture; explain(); }, clear),
        h("div", { class: "card choices" },
          choose("Model", names, shown.model.name, (name) => { shown.model = named(name); shown.label = ""; chosenLabel.replaceChildren(labels()); }),
          chosenLabel,
          models.length > 1 ? choose("Layers beside those of", ["", ...names], shown.beside?.name, (name) => { shown.beside = named(name); }) : null)),
      reasons),
    layers,
  ];
}

/** A model of other blocks, to set standard and depthwise convolutions beside each other. */
function otherKind(models, model) {
  const isConv = model.name.startsWith("conv");
  const others = models.filter((each) => each !== model && each.dataset === model.dataset);
  return others.find(({ name }) => name === (isConv ? "mobilenet" : "conv")) ?? others[0] ?? null;
}

function askWhy(model, { label, picture }) {
  return send("explain", model, picture, { layers: true, ...model.labels.includes(label) ? { label } : {} });
}

function send(path, { name }, picture, query = {}) {
  return ask(`${path}?${new URLSearchParams({ model: name, ...query })}`, { method: "POST", body: picture,
    headers: { "Content-Type": picture.type || "application/octet-stream" } });
}

function verdict({ answer }) {
  return h("p", { class: "lead" }, `${answer.model}/${answer.version} says ${answer.label}, ${percent(answer.probability, 1)} sure`,
    answer.accepted ? "." : `, and does not accept the picture: ${answer.reason}.`);
}

function noClassMaps({ no_class_maps: reason }) {
  return h("div", { class: "card" }, h("h2", {}, "Which places spoke for the class?"),
    h("p", {}, `For this network that cannot be told exactly: ${reason}.`));
}

/** All maps have one scale, so that they can be compared. */
function classMaps({ answer, class_maps: maps }) {
  const strongest = Math.max(...maps.flatMap(({ places }) => places.flat().map(Math.abs)));
  return h("div", { class: "card" },
    h("h2", {}, "Which places spoke for the class?"),
    h("div", { class: "row top" }, maps.map((map, number) => h("figure", { class: "class-map" },
      overlay(answer.explanation, map, strongest),
      h("figcaption", {}, h("strong", {}, `${["says ", "next best "][number] ?? ""}${map.label}`),
        sum("places", map.sum - map.bias), sum("bias", map.bias), sum("sum, the logit", map.sum))))),
    h("p", { class: "faint" }, "Blue places spoke for the class, orange ones against it. Nothing is estimated: "
      + `what all places add, and the bias, is the class's logit (here within ${difference(maps)}), and the class with the largest one is named.`));
}

function sum(title, value) {
  return h("span", { class: "sum" }, h("span", {}, title), h("span", {}, (value < 0 ? "−" : "+") + Math.abs(value).toFixed(3)));
}

function difference(maps) {
  return Math.max(1e-7, ...maps.map(({ sum, logit }) => Math.abs(sum - logit))).toExponential(0).replace("e-", " × 10⁻").replace(/\d$/, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]);
}

function overlay({ seen, polarity }, { label, places, sum, bias }, strongest) {
  const canvas = h("canvas", { width: SIDE, height: SIDE, role: "img",
    "aria-label": `Places for ${label}: they add ${(sum - bias).toFixed(3)}, the bias ${bias.toFixed(3)}` });
  const picture = new Image();
  picture.onload = () => {
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.filter = `${polarity ? "invert(1)" : "grayscale(1)"} contrast(.5) brightness(1.6)`;  // pale, below the colours
    context.drawImage(picture, 0, 0, SIDE, SIDE);
    context.filter = "none";
    const height = SIDE / places.length, width = SIDE / places[0].length;
    places.forEach((row, y) => row.forEach((value, x) => {
      context.fillStyle = `rgba(${value > 0 ? BLUE : ORANGE},${.85 * Math.abs(value) / strongest})`;
      context.fillRect(x * width, y * height, width, height);
    }));
  };
  picture.src = `data:image/png;base64,${seen}`;
  return canvas;
}

/** Distances are between what the last layer takes: what looks alike to the network, and need not to us. */
async function nearest({ dataset, compared, test_pictures: all, nearest: groups }) {
  const set = await pictureSet(dataset);
  return [
    h("h2", {}, "Which test pictures does it see most like this one?"),
    groups.map(({ label, pictures }) => [h("h3", {}, `Nearest of ${label}`),
      h("ul", { class: "pictures small" }, pictures.map(({ index, distance }) => pictureLink(set, index, [`#${index}`, distance.toFixed(2)], set.disputed.includes(index))))]),
    h("p", { class: "faint" }, `Of ${count(compared)} ${compared < all ? `of ${count(all)} ` : ""}test pictures of ${set.title}, by the distance between what the last layer takes of each.`),
  ].flat(2);
}

/** One row a block, one column a model: the maps of this picture, and the filters that made them. */
async function layerByLayer(columns) {
  const graphs = await Promise.all(columns.map(([{ name }]) => askOnce(`models/${encodeURIComponent(name)}/graph`)));
  const blocks = blocksOf(graphs);
  const rows = blocks.map((block) => columns.map(([, told], column) => graphs[column].layers
    .map((each, number) => [each, blockOf(each, number, graphs[column].layers), told.layers.find((maps) => maps.number === number)])
    .filter(([each, its, maps]) => its === block && (maps || each.filters))
    .map(([each, , maps]) => layer(each, maps))));
  return h("div", {}, h("h2", {}, "Layer by layer"),
    h("p", { class: "faint" }, "Each tile is one map of this picture; below them the filters that the layer has learned. Blue is above 0, orange below."),
    h("div", { class: "layers" }, rows.map((cells, number) => cells.some((cell) => cell.length)
        ? cells.map((cell, column) => h("div", { class: "card" }, h("h3", {}, `${columns[column][0].name}: ${blocks[number]}`), cell.length ? cell : h("p", { class: "faint" }, "It has no such layer."))) : null)));
}

/** Names of the blocks of several networks, from input to output. */
export function blocksOf(graphs) {
  const names = [...new Set(graphs.flatMap(({ layers }) => layers.map(blockOf)))];
  return names.sort((one, other) => (one === "head") - (other === "head"));
}

/** `block 2` of `blocks.2.depthwise`, `stem` of `stem.0`; what has no weights belongs to the block before it. */
export function blockOf(layer, number, layers) {
  const named = layers.slice(0, number + 1).findLast(({ weight }) => weight) ?? layer;
  const parts = named.name.split(".");
  return parts.slice(0, Math.min(2, Math.max(1, parts.length - 1))).join(" ").replace("blocks", "block");
}

function layer({ name, kind, operator, shape, weight, filters, parameters, macs }, maps) {
  const sides = weight?.length > 2 ? ` ${weight.slice(2).join(" × ")}` : "";
  const what = weight ? `${kind}${sides}, ${count(parameters)} weights, ${count(macs)} multiply-adds` : operator;
  const isMatrix = weight && weight[1] > 1;  // a row is a filter; else a filter lies below the map that it made
  return h("figure", { class: "layer" },
    h("figcaption", {}, h("strong", {}, name), ` ${what}; makes ${shape.join(" × ")}${maps ? `, up to ${maps.largest.toPrecision(2)}` : ""}`),
    maps ? h("img", { class: "sheet", src: `data:image/png;base64,${maps.maps}`, alt: `Maps of ${name}` }) : null,
    filters ? h("img", { class: `sheet ${isMatrix ? `matrix-sheet ${kind}` : ""}`, src: filters.replace(/^\//, ""), alt: `Filters of ${name}`, loading: "lazy" }) : null);
}
