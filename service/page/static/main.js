// Which section is shown, and what is said while the service is away.
import { h, ask, askOnce, failure } from "./dom.js";

// Each is fetched when it is first shown.
const SECTIONS = {
  decide: () => import("./decide.js").then(({ decide }) => decide),
  try: () => import("./try.js").then(({ tryIt }) => tryIt),
  why: () => import("./why.js").then(({ why }) => why),
  layers: () => import("./layers.js").then(({ layers }) => layers),
  compare: () => import("./compare.js").then(({ compare }) => compare),
  evidence: () => import("./evidence.js").then(({ evidence }) => evidence),
  studies: () => import("./studies.js").then(({ studies }) => studies),
};
const RETRY_MS = 2000;

const main = document.getElementById("main");
const notice = document.getElementById("notice");
let shown = 0;

async function show() {
  const [name, ...rest] = (location.hash.slice(1) || "decide").split("/").map(decodeURIComponent);
  const section = SECTIONS[name] ? name : "decide";
  for (const link of document.querySelectorAll("nav a")) {
    if (link.getAttribute("href") === `#${section}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const turn = ++shown;
  main.replaceChildren(h("p", { class: "loading", role: "status" }, "Loading"));
  try {
    const render = await SECTIONS[section]();
    const content = await render(...rest);
    if (turn === shown) main.replaceChildren(...[content].flat(Infinity).filter((part) => part != null));
  } catch (error) {
    if (turn !== shown) return;
    main.replaceChildren(failure(error));
    if (error instanceof TypeError) waitForService();  // fetch could not reach it
  }
}

/** Say that the service is away, and come back by itself when it answers again. */
async function waitForService() {
  notice.hidden = false;
  notice.textContent = "The service does not answer. This page comes back by itself when it does.";
  while (!(await ask("health/ready").then(() => true, () => false))) {
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  location.reload();  // some browsers never fetch again a module that they could not
}

addEventListener("hashchange", () => show().then(() => main.focus({ preventScroll: true })));
show();
askOnce("models").then(({ models }) => {
  const names = models.map((model) => model.name).join(", ");
  document.getElementById("about").textContent = `Serving ${names}. `;
}, () => {});
