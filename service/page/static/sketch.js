// A canvas to draw on with mouse, finger or pen; each stroke can be undone.
import { h } from "./dom.js";

const SIDE = 280, PEN = 20;

export class Sketch {
  #strokes = [];
  #background = null;
  #changed;

  constructor(changed) {
    this.#changed = changed;
    this.element = h("canvas", { class: "draw", width: SIDE, height: SIDE, tabindex: 0, role: "img",
      "aria-label": "Draw a picture here with mouse, finger or pen",
      onpointerdown: (event) => this.#begin(event), onpointermove: (event) => this.#extend(event) });
    this.#paint();
  }

  get isEmpty() {
    return !this.#strokes.length && !this.#background;
  }

  undo() {
    this.#strokes.pop();
    this.#paint();
    if (!this.isEmpty) this.#changed();
  }

  clear() {
    this.#strokes = [];
    this.#background = null;
    this.#paint();
  }

  /** Show a picture that was brought, to draw on. */
  async show(file) {
    this.clear();
    this.#background = await createImageBitmap(file).catch(() => null);  // a format that browsers cannot show
    this.#paint();
  }

  picture() {
    return new Promise((resolve) => this.element.toBlob(resolve, "image/png"));
  }

  #begin(event) {
    if (event.button) return;
    this.element.setPointerCapture(event.pointerId);
    this.#strokes.push([this.#place(event)]);
    this.#paint();
    this.#changed();
  }

  #extend(event) {
    if (!event.buttons || !this.#strokes.length) return;
    for (const each of event.getCoalescedEvents?.() ?? [event]) this.#strokes.at(-1).push(this.#place(each));
    this.#paint();
    this.#changed();
  }

  #place(event) {
    const { left, top, width, height } = this.element.getBoundingClientRect();
    return [(event.clientX - left) * SIDE / width, (event.clientY - top) * SIDE / height];
  }

  #paint() {
    const context = this.element.getContext("2d");
    context.fillStyle = "#fff";
    context.fillRect(0, 0, SIDE, SIDE);
    if (this.#background) this.#paintBackground(context);
    Object.assign(context, { strokeStyle: "#111", lineWidth: PEN, lineCap: "round", lineJoin: "round" });
    for (const stroke of this.#strokes) paintStroke(context, stroke);
  }

  #paintBackground(context) {
    const { width, height } = this.#background;
    const scale = SIDE / Math.max(width, height);
    context.drawImage(this.#background, (SIDE - width * scale) / 2, (SIDE - height * scale) / 2, width * scale, height * scale);
  }
}

/** Smooth: curves between the middles of what the pointer gave. */
function paintStroke(context, points) {
  context.beginPath();
  context.moveTo(...points[0]);
  for (let i = 1; i < points.length; i++) {
    const [x, y] = points[i - 1], [toX, toY] = points[i];
    context.quadraticCurveTo(x, y, (x + toX) / 2, (y + toY) / 2);
  }
  context.lineTo(...points.at(-1));
  context.stroke();
}
