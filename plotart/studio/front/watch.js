// Watch: the runs that are at work, that wait, and those that ended last.

import { act, isMoving, live, state, subject } from "./api.js";
import { clear, h, icon, span, swatches } from "./dom.js";

export function show(root) {
  const box = h("div", { class: "watch" });
  const cards = new Map();
  const moving = h("div", { class: "lanes" });
  const ended = h("div", { class: "lanes quiet" });
  root.append(h("h1", {}, "Watch"), box);
  const change = () => {
    const runs = [...state.runs.values()];
    const now = runs.filter(isMoving).sort((a, b) => order(a) - order(b) || b.made - a.made);
    const last = runs.filter((run) => !isMoving(run) && !run.draft).sort((a, b) => b.made - a.made).slice(0, 4);
    if (!state.known) { clear(box, h("p", { class: "hint" }, "Looking …")); return; }
    place(moving, now, cards);
    place(ended, last, cards);
    clear(box,
      now.length ? moving : h("div", { class: "nothing" }, h("p", {}, "Nothing is at work."), h("a", { class: "button main", href: "#make" }, "Make a drawing")),
      last.length && [h("h2", {}, "Ended last"), ended]);
  };
  change();
  return { change };
}

const order = (run) => ["running", "starting", "waiting"].indexOf(run.state);

function place(lane, runs, cards) {
  const elements = runs.map((run) => {
    let card = cards.get(run.name);
    if (!card) { card = made(run.name); cards.set(run.name, card); }
    card.update(run);
    return card.element;
  });
  if (elements.length !== lane.children.length || elements.some((one, at) => lane.children[at] !== one)) lane.replaceChildren(...elements);
}

function made(name) {
  const image = h("img", { alt: "", hidden: true });
  const paper = h("a", { class: "paper", href: `#run/${encodeURIComponent(name)}` }, image, h("span", { class: "empty" }));
  const title = h("a", { class: "title", href: `#run/${encodeURIComponent(name)}` });
  const told = h("p", { class: "told" });
  const bar = h("progress", { max: "1", value: 0, "aria-label": "How far" });
  const stop = h("button", { type: "button", class: "small", onclick: () => act("stop", { name }) }, icon("stop"), "Stop");
  const element = h("article", { class: "lane" }, paper, h("div", { class: "body" }, title, told, bar, h("div", { class: "tools" }, stop)));
  return {
    element,
    update(run) {
      title.textContent = subject(run);
      paper.setAttribute("aria-label", `Look at ${name}`);
      const source = live(run);
      image.hidden = !source;
      paper.querySelector(".empty").textContent = source ? "" : "no picture yet";
      if (source && image.getAttribute("src") !== source) image.src = source;
      image.classList.toggle("whole", run.state === "finished");
      clear(told, words(run), run.pens.length ? [" ", swatches(run.pens)] : null);
      const share = shareOf(run);
      bar.hidden = !isMoving(run);
      if (share === null) bar.removeAttribute("value"); else bar.value = share;
      stop.hidden = !isMoving(run);
      stop.lastChild.textContent = run.state === "waiting" ? "Take off the list" : "Stop";
    },
  };
}

/** How much of the whole run is done, 0 to 1, or null. */
export function shareOf(run) {
  const told = run.progress || {};
  return told.share ?? (run.state === "waiting" ? 0 : null);
}

/** What a run is doing, in words. */
export function words(run) {
  const told = run.progress || {};
  if (run.state === "waiting") return "Waits for its turn";
  if (run.state === "starting") return "Getting ready …";
  if (run.state === "running") {
    const at = told.of ? `step ${told.step} of ${told.of}` : "";
    const left = told.left !== undefined ? `about ${span(told.left)} left` : "";
    return [told.stage, at, left].filter(Boolean).join(", ") || "At work";
  }
  if (run.state === "failed") return `Failed: ${run.failed || "see what it said"}`;
  if (run.state === "stopped") return "Stopped; it can go on";
  return [run.minutes !== null ? `${Math.round(run.minutes)} min on the plotter` : null, run.close !== null ? `${closeness(run.close)}` : null,
    run.excitation !== null ? `excitation ${run.excitation.toPrecision(3)}` : null].filter(Boolean).join(", ") || "Finished";
}

/** A difference seen from afar (CIEDE2000) in words. */
export function closeness(value) {
  const word = value < 1 ? "not to be told from its picture" : value < 2.3 ? "hardly to be told from it" : value < 5 ? "very close" : value < 10 ? "close" : value < 20 ? "roughly like it" : "far from it";
  return `${word} (${value.toFixed(1)})`;
}
