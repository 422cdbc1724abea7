// Where a picture comes from: drawn, dropped, pasted, chosen or photographed. It is kept from section to section.
import { h, debounce } from "./dom.js";
import { Sketch } from "./sketch.js";

const ACCEPTED = "image/png,image/jpeg,image/webp,image/bmp,image/gif,image/tiff";
const WAIT_MS = 120;

let kept = null;  // how to take the latest picture, and its name

/** Have the next easel begin with that picture. */
export function keep(file) {
  kept = { take: () => file, name: file.name };
}

/** Make the easel; `ask(picture, name)` is called for every new picture, `cleared()` when there is none any more. */
export function easel(ask, cleared) {
  const begin = async ({ take, name }) => { const picture = await take(); sketch.show(picture); ask(picture, name); };
  const show = (file) => { if (file) { keep(file); begin(kept); } };
  const send = debounce(WAIT_MS, async () => { if (!sketch.isEmpty && sketch.element.isConnected) ask(await sketch.picture(), "drawing.png"); });
  const sketch = new Sketch(() => {
    kept = { take: () => sketch.picture(), name: "drawing.png" };  // at once: who goes on without waiting takes all of it along
    send();
  });
  const clear = () => { kept = null; sketch.clear(); cleared(); };
  document.onpaste = (event) => show([...event.clipboardData.files][0]);
  if (kept) begin(kept);
  return h("div", {},
    sketch.element,
    h("div", { class: "row" },
      h("button", { type: "button", onclick: () => { sketch.undo(); if (sketch.isEmpty) clear(); } }, "Undo"),
      h("button", { type: "button", onclick: clear }, "Clear")),
    dropZone(show));
}

function dropZone(show) {
  const zone = h("div", { class: "drop",
    ondragover: (event) => { event.preventDefault(); zone.classList.add("over"); },
    ondragleave: () => zone.classList.remove("over"),
    ondrop: (event) => { event.preventDefault(); zone.classList.remove("over"); show(event.dataTransfer.files[0]); } },
    h("label", {}, "Drop, paste, choose or photograph a picture ",
      h("input", { type: "file", accept: ACCEPTED, onchange: (event) => show(event.target.files[0]) })));
  return zone;
}
