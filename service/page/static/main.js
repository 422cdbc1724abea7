// Which section is shown, and what is said while the service is away.
import { h, ask, askOnce, failure, forget } from "./dom.js";
import { decide } from "./decide.js";
import { tryIt } from "./try.js";
import { compare } from "./compare.js";
import { evidence } from "./evidence.js";
import { studies } from "./studies.js";

const SECTIONS = { decide, try: tryIt, compare, evidence, studies };
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
    const content = await SECTIONS[section](...rest);
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
  notice.hidden = true;
  forget();
  show();
}

addEventListener("hashchange", () => show().then(() => main.focus({ preventScroll: true })));
show();
askOnce("models").then(({ models }) => {
  const names = models.map((model) => model.name).join(", ");
  document.getElementById("about").textContent = `Serving ${names}. `;
}, () => {});
