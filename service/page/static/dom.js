// Small helpers: elements, numbers, downloads of JSON. Nothing here knows what the page shows.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element: h("p", {class: "x", onclick: f}, "text", child). Text is never read as HTML. */
export function h(name, attributes = {}, ...children) {
  return build(document.createElement(name), attributes, children);
}

/** Make an SVG element in the same way. */
export function s(name, attributes = {}, ...children) {
  return build(document.createElementNS(SVG, name), attributes, children);
}

function build(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value != null) element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child != null));
  return element;
}

export class Refused extends Error {}

/** Ask the service; an error carries the service's own words. */
export async function ask(path, options) {
  const answer = await fetch(path, options);
  if (answer.ok) return answer.json();
  const { detail } = await answer.json().catch(() => ({ detail: answer.statusText }));
  throw new Refused(typeof detail === "string" ? detail : detail.map((each) => each.msg).join("; "));
}

const kept = new Map();

/** Ask once; later calls get the same answer. A failure is not kept. */
export function askOnce(path) {
  if (!kept.has(path)) {
    kept.set(path, ask(path).catch((error) => { kept.delete(path); throw error; }));
  }
  return kept.get(path);
}

export const percent = (share, digits = 2) => `${(100 * share).toFixed(digits)}%`;
export const kib = (bytes) => `${Math.round(bytes / 1024).toLocaleString("en")} KiB`;
export const count = (number) => number.toLocaleString("en");

export function milliseconds(value) {
  if (value == null) return "not measured";
  return value < 1 ? `${Math.round(1000 * value)} µs` : `${value.toPrecision(3)} ms`;
}

/** Run a function some time after the last call. */
export function debounce(wait, run) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(run, wait, ...values);
  };
}

export function failure(error) {
  return h("div", { class: "card error", role: "alert" }, h("p", {}, error.message));
}
