// Lines in a box: how training went, epoch by epoch, and whether probabilities are honest.
import { h, s, count, percent } from "./dom.js";

const WIDTH = 420, HEIGHT = 260, LEFT = 56, RIGHT = 24, TOP = 12, BOTTOM = 40;

/** Loss and accuracy on training and validation pictures. */
export function curves(epochs, chosen) {
  if (!epochs.length) return h("p", { class: "faint" }, "There are no curves: this model was not trained epoch by epoch, or they were not published.");
  return [training("Accuracy", epochs, chosen, "accuracy", percent),
    training("Loss", epochs, chosen, "loss", (value) => String(Number(value.toPrecision(2))))];
}

function training(title, epochs, chosen, figure, format) {
  const lines = ["train", "validation"].map((part) => ({ part, points: epochs.map((each) => [each.epoch, each[`${part}_${figure}`]]) }));
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value));
  const best = lines[1].points.find(([epoch]) => epoch === chosen)?.[1];
  const [low, high] = padded(values);
  const box = frame([1, Math.max(2, epochs.length)], figure === "loss" ? [low, high] : [Math.max(0, low), Math.min(1, high)]);
  return h("figure", { class: "card" }, h("h3", {}, `${title}, epoch by epoch`),
    h("figcaption", {}, "Training dashed, validation solid; the published epoch is marked."),
    drawing(`${title} over ${epochs.length} epochs; ${best == null ? "" : `${format(best, 2)} on validation in epoch ${chosen}, which was published`}`, box, "epoch", String, format,
      s("line", { class: "error", x1: box.x(chosen), x2: box.x(chosen), y1: TOP, y2: HEIGHT - BOTTOM }),
      lines.map(({ part, points }) => line(points, box, part)),
      best == null ? null : s("circle", { class: "point onnx", cx: box.x(chosen), cy: box.y(best), r: 5 })));
}

/** Accuracy against confidence, as served and before the temperature: on the diagonal they are equal. */
export function reliability(calibration) {
  if (!calibration) return h("p", { class: "faint" }, "Its reliability was not published with this model.");
  const { before, after } = calibration;
  const box = frame([0, 1], [0, 1]), whole = (value) => percent(value, 0);
  const said = ({ images, confidence, accuracy }) => s("title", {}, `${count(images)} pictures: ${percent(confidence, 1)} sure, ${percent(accuracy, 1)} right`);
  return h("figure", { class: "card" }, h("h3", {}, "Accuracy against confidence"),
    h("figcaption", {}, `Filled: as served, with 95% intervals; rings: before the temperature. Calibration error ${percent(after.calibration_error)}, before ${percent(before.calibration_error)}.`),
    drawing(`Accuracy against confidence: calibration error ${percent(after.calibration_error)}`, box, "confidence", whole, whole,
      line([[0, 0], [1, 1]], box, "diagonal"),
      before.bins.map((bin) => s("circle", { class: "seed", cx: box.x(bin.confidence), cy: box.y(bin.accuracy), r: 4 }, said(bin))),
      after.bins.map((bin) => [
        s("line", { class: "error", x1: box.x(bin.confidence), x2: box.x(bin.confidence), ...ends(wilson(bin), box) }),
        s("circle", { class: "point onnx", cx: box.x(bin.confidence), cy: box.y(bin.accuracy), r: 5 }, said(bin))])));
}

/** Wilson's 95% interval of a bin's accuracy: few pictures tell little. */
function wilson({ accuracy, images }) {
  const z = 1.96, divisor = 1 + z * z / images;
  const middle = (accuracy + z * z / (2 * images)) / divisor;
  const half = z * Math.sqrt(accuracy * (1 - accuracy) / images + z * z / (4 * images * images)) / divisor;
  return [middle - half, middle + half];
}

const ends = ([low, high], box) => ({ y1: box.y(low), y2: box.y(high) });

function drawing(said, box, title, formatX, formatY, ...content) {
  return s("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": said },
    box.rows.map((tick) => [
      s("line", { class: "axis", x1: LEFT, x2: WIDTH - RIGHT, y1: box.y(tick), y2: box.y(tick) }),
      s("text", { x: LEFT - 6, y: box.y(tick) + 4, "text-anchor": "end" }, formatY(tick, box.digits))]),
    box.columns.map((tick) => s("text", { x: box.x(tick), y: HEIGHT - BOTTOM + 18, "text-anchor": "middle" }, formatX(tick))),
    s("text", { x: (LEFT + WIDTH) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, title), content);
}

function frame([left, right], [low, high]) {
  const step = ticks(low, high, 5), across = ticks(left, right, 6);
  return {
    x: (value) => LEFT + (WIDTH - LEFT - RIGHT) * (value - left) / (right - left),
    y: (value) => HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (value - low) / (high - low),
    rows: step.values, columns: across.values.filter((tick) => right <= 1 || Number.isInteger(tick)),
    digits: Math.max(0, -Math.floor(Math.log10(step.size)) - 2),
  };
}

function line(points, box, kind) {
  return s("polyline", { class: `line ${kind}`, points: points.map(([x, y]) => `${box.x(x)},${box.y(y)}`).join(" ") });
}

function padded(values) {
  const low = Math.min(...values), high = Math.max(...values), margin = (high - low) * .06 || .01;
  return [low - margin, high + margin];
}

/** Round values between two ends, at most that many. */
function ticks(low, high, most) {
  const rough = (high - low) / most, power = 10 ** Math.floor(Math.log10(rough));
  const size = [1, 2, 5, 10].map((times) => times * power).find((each) => each >= rough);
  const values = [];
  for (let place = Math.ceil(low / size); place * size <= high + size / 1e6; place++) values.push(Number((place * size).toPrecision(6)));
  return { size, values };
}
