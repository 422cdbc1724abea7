// Draw or bring a picture; every model answers beside the others, with what it saw.
import { h, ask, askOnce, failure, milliseconds, percent } from "./dom.js";
import { easel, keep } from "./easel.js";
import { examples, testPicture } from "./examples.js";

export async function tryIt(dataset, index) {
  const { models } = await askOnce("models");
  const tested = index ? await testPicture(dataset, index) : null;
  if (tested) keep(tested.file);
  const answers = h("div", { "aria-live": "polite" });
  const seen = h("div", { class: "seen" });
  const summary = h("p", { class: "lead", role: "status" }, "Draw a digit, or bring a picture.");
  const about = h("p", {});
  const call = h("div");
  const beside = h("div");
  examples(models).then((rows) => beside.append(...rows), (error) => beside.append(failure(error)));
  const shown = { turn: 0 };

  async function answer(picture, name) {
    const turn = ++shown.turn;
    try {
      const started = performance.now();
      const comparison = await ask("compare?explain=true", { method: "POST", body: picture,
        headers: { "Content-Type": picture.type || "application/octet-stream" } });
      if (turn !== shown.turn) return;  // a later picture has been sent: the last answer wins
      const took = performance.now() - started;
      about.textContent = name === tested?.file.name ? tested.said : "";
      const groups = byDataset(models, comparison.answers);
      const time = `The answer took ${milliseconds(took)} over HTTP.`;
      summary.textContent = groups.length === 1 ? `${say(comparison.answers)} ${time}` : time;
      answers.replaceChildren(...groups.flatMap(([name, said]) => [
        groups.length === 1 ? "" : h("h2", {}, `Models of ${name}: ${say(said)}`),
        h("div", { class: "cards" }, said.map((each) => card(each, majority(said))))]));
      seen.replaceChildren(...comparison.explanations.map((each) => whatWasSeen(each, picture)));
      call.replaceChildren(snippets(name));
    } catch (error) {
      if (turn !== shown.turn) return;
      summary.textContent = "";
      answers.replaceChildren(failure(error));
      seen.replaceChildren();
    }
  }

  const clear = () => {
    shown.turn++;
    summary.textContent = "Draw a digit, or bring a picture.";
    for (const part of [about, answers, seen, call]) part.replaceChildren();
  };
  return [
    h("h1", {}, `Ask ${models.length === 1 ? models[0].name : `all ${models.length} models`} at once`),
    h("div", { class: "split" },
      easel(answer, clear),
      h("div", {}, about, summary, answers, h("h2", {}, "What the network saw"), seen, call)),
    beside,
  ];
}

/** Models of different data sets know different classes: they neither agree nor disagree. */
function byDataset(models, answers) {
  const datasets = new Map(models.map(({ name, dataset }) => [name, dataset]));
  return [...Map.groupBy(answers, ({ model }) => datasets.get(model))];
}

function say(answers) {
  const labels = [...new Set(answers.map((answer) => answer.label))];
  if (answers.length === 1) return `The model says ${labels[0]}.`;
  return labels.length === 1 ? `All ${answers.length} models say ${labels[0]}.` : `The models disagree: ${labels.join(", ")}.`;
}

function majority(answers) {
  const votes = {};
  for (const { label } of answers) votes[label] = (votes[label] ?? 0) + 1;
  return Object.keys(votes).sort((one, other) => votes[other] - votes[one])[0];
}

function card(answer, common) {
  const ranked = Object.entries(answer.probabilities).sort(([, one], [, other]) => other - one);
  return h("article", { class: `card answer ${answer.label === common ? "agrees" : "differs"}` },
    h("h2", {}, `${answer.model}/${answer.version}`),
    h("a", { class: "why", href: `#why/${encodeURIComponent(answer.model)}` }, "Why?"),
    h("p", { class: "big" }, answer.label),
    h("p", { class: "faint" }, `${percent(answer.probability, 1)} · ${answer.runtime} · ${milliseconds(answer.milliseconds)}`),
    answer.accepted ? h("p", { class: "faint" }, "accepted") : h("p", { class: "reason" }, `not accepted: ${answer.reason}`),
    answer.findings.length ? h("p", { class: "reason" }, `published with findings: ${answer.findings.join(", ")}`) : null,
    h("details", {}, h("summary", {}, "all probabilities"),
      h("div", { class: "bars" }, ranked.map(([label, share]) => [
        h("span", {}, label), h("progress", { value: share, max: 1, "aria-label": label }), h("span", {}, percent(share, 1))]))));
}

function whatWasSeen({ seen, box, polarity, models }, picture) {
  const original = h("canvas", { class: "original", role: "img", "aria-label": "the picture that was sent" });
  drawWithBox(original, picture, box);
  return h("figure", {},
    h("div", { class: "row" }, original,
      h("img", { src: `data:image/png;base64,${seen}`, alt: "the input of the network", width: 128, height: 128 })),
    h("figcaption", {}, `${models.join(", ")}${polarity ? `; ${polarity}` : ""}${box ? "" : "; the whole picture"}`));
}

async function drawWithBox(canvas, picture, box) {
  const bitmap = await createImageBitmap(picture).catch(() => null);  // a format that browsers cannot show
  if (!bitmap) { canvas.remove(); return; }
  const scale = 256 / Math.max(bitmap.width, bitmap.height);
  canvas.width = Math.max(1, bitmap.width * scale);
  canvas.height = Math.max(1, bitmap.height * scale);
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  if (!box) return;
  const [left, top, right, bottom] = box.map((side) => side * scale);
  context.strokeStyle = "#d55e00";
  context.lineWidth = 3;
  context.strokeRect(left, top, right - left, bottom - top);
}

function snippets(name) {
  const at = location.href.split("#")[0].replace(/\/$/, "");
  const texts = {
    curl: `curl -F image=@${name} ${at}/compare`,
    httpx: `import httpx\n\nwith open("${name}", "rb") as file:\n    answer = httpx.post("${at}/predict", files={"image": file}).json()\nprint(answer["label"])`,
    tritonclient: `import numpy as np\nfrom tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput\n\n`
      + `client = InferenceServerClient("${location.host}")\nwith open("${name}", "rb") as file:\n    picture = np.array([[file.read()]], np.object_)\n`
      + `image = InferInput("image", [1, 1], "BYTES").set_data_from_numpy(picture)\n`
      + `answer = client.infer("MODEL", [image], outputs=[InferRequestedOutput("label")])\nprint(answer.as_numpy("label"))`,
  };
  return h("details", {}, h("summary", {}, "This call as a program"),
    Object.entries(texts).map(([title, text]) => [
      h("h3", {}, title),
      h("pre", { tabindex: 0 }, text),
      h("button", { type: "button", onclick: () => navigator.clipboard.writeText(text) }, `Copy ${title}`)]));
}
