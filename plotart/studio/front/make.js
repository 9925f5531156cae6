// Make: what to draw, with which pens, on which page; a draft, and the run.

import { act, get, isMoving, live, state } from "./api.js";
import { clear, h, icon, span, toast } from "./dom.js";
import { dice, everything, field } from "./fields.js";
import { neuronPane } from "./neurons.js";
import { penBox } from "./pens.js";
import { photoPane } from "./photo.js";

let current = null;
let kept = null; // the photograph and the neuron, when one comes back to this section

export function show(root) {
  const box = h("div", { class: "make" }, h("h1", {}, "Make a drawing"), h("p", { class: "hint" }, "Reading what there is to set …"));
  root.append(box);
  const view = { draft: null, leave: () => {} };
  current = view;
  get("/api/form").then((form) => { if (current === view) build(box, form, view); }, (error) => clear(box, h("h1", {}, "Make a drawing"), h("p", { class: "wrong" }, error.message)));
  return { leave: () => { view.leave(); current = null; }, change: () => view.change && view.change() };
}

function build(box, form, view) {
  const F = form.fields;
  const say = h("p", { class: "wrong", role: "alert", hidden: true });
  const photo = photoPane(form.photos, () => { follow(); fit(); });
  const neuron = neuronPane(form, () => follow());

  // what to draw
  const panes = { photo: h("div", { id: "pane-photo", role: "tabpanel" }, photo.element), neuron: h("div", { id: "pane-neuron", role: "tabpanel", hidden: true }, neuron.element) };
  const tab = (name, title) => h("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `pane-${name}`, "aria-selected": String(name === "photo"), onclick: () => turn(name) }, title);
  const tabs = h("div", { class: "tabs", role: "tablist", "aria-label": "What to draw" }, tab("photo", "A photograph"), tab("neuron", "A neuron"));
  tabs.addEventListener("keydown", (event) => {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    const other = [...tabs.children].find((one) => one.getAttribute("aria-selected") === "false");
    other.click();
    other.focus();
  });
  function turn(name) {
    for (const one of tabs.children) {
      const on = one.id === `tab-${name}`;
      one.setAttribute("aria-selected", String(on));
      one.tabIndex = on ? 0 : -1;
      panes[one.id.slice(4)].hidden = !on;
    }
    if (name === "neuron") neuron.open();
    follow();
  }
  const chosen = () => (panes.neuron.hidden ? "photo" : "neuron");

  // how
  const pens = penBox(form);
  const page = field(F["page.size"], { label: "Page", help: "", choices: form.pages.map((one) => ({ name: one.name, title: `${one.name.toUpperCase()}, ${Math.round(one.mm[0])} × ${Math.round(one.mm[1])} mm` })), onchange: fit });
  const landscape = field(F["page.landscape"], { label: "Lies", help: "", words: ["as the picture does", "on its longer side", "upright"], onchange: fit });
  const margin = field(F["page.margin"], { label: "Margin", unit: "mm", help: "", onchange: fit });
  const minutes = field(F.minutes, { label: "Minutes on the plotter", unit: "min", placeholder: "as usual", help: "" });
  const machine = field(F.machine, { label: "Plotter", choices: form.machines.map((one) => ({ name: one.name, title: one.title || one.name })), help: "" });
  const seed = field(F.seed, { label: "Seed", help: "", button: dice((value) => seed.set(value)) });
  const look = field({ address: "look", default: null, optional: true }, { label: "Look", help: "", choices: form.looks.map((name) => ({ name, title: name.replace(/^./, (c) => c.toUpperCase()) })) });
  const style = field({ ...F["objectives.style.image"], optional: true, default: null }, { label: "Style", help: "", empty: "none", choices: form.styles.map((name) => ({ name, title: name.replace(/\.\w+$/, "").replace(/^./, (c) => c.toUpperCase()) })), onchange: follow });
  const strength = field({ ...F["objectives.style.strength"], address: "objectives.style.strength" }, { label: "Strength of the style", help: "", placeholder: "1" });
  const way = field({ address: "way", default: "", optional: false }, { label: "Way of drawing", help: "", choices: [{ name: "", title: "as usual" }], onchange: () => follow() });
  const wayTold = h("small", {});
  way.element.append(wayTold);
  const main = new Set(["page.size", "page.landscape", "page.margin", "minutes", "machine", "seed", "pens.set", "pens.count", "network.name", "objectives.neuron.at", "objectives.pixels.image", "objectives.style.image", "objectives.style.strength", "device"]);
  const rest = everything(F, main);
  const other = h("textarea", { id: "other", rows: "3", spellcheck: "false", placeholder: "transform.jitter: 32\nstages.0.steps: 200" });

  const draftButton = h("button", { type: "button", onclick: () => begin(true) }, "Draft");
  const startButton = h("button", { type: "submit", form: "how", class: "main" }, icon("play"), "Draw it");
  const sheet = h("div", { class: "paper preview" });
  const draftNote = h("p", { class: "hint", role: "status" });

  const waysOf = { photo: ["image", "painting", "circles", "splats", "dividers", "image-kmeans"], neuron: ["neuron", "random", "published", "dream"] };
  function follow() {
    const ways = form.configs.filter((one) => waysOf[chosen()].includes(one.name)).sort((a, b) => waysOf[chosen()].indexOf(a.name) - waysOf[chosen()].indexOf(b.name));
    const before = way.input.value;
    clear(way.input, ways.map((one) => h("option", { value: one.name }, one.name[0].toUpperCase() + one.name.slice(1).replace("-", ", "))));
    if (ways.some((one) => one.name === before)) way.input.value = before;
    wayTold.textContent = form.configs.find((one) => one.name === way.input.value)?.told || "";
    const stylable = chosen() === "neuron";
    look.element.hidden = stylable || way.input.value !== waysOf.photo[0];
    style.element.hidden = !stylable;
    strength.element.hidden = !stylable || !style.input.value;
    say.hidden = true;
  }
  function fit() {
    const mm = (form.pages.find((one) => one.name === page.input.value) || form.pages[1]).mm;
    const one = chosen() === "photo" && photo.photo();
    const lies = landscape.read() ?? Boolean(one && one.width > one.height);
    const [width, height] = lies ? [mm[1], mm[0]] : mm;
    sheet.style.setProperty("--aspect", width / height);
    sheet.style.setProperty("--margin", `${(100 * Number(margin.input.value || 10)) / width}%`);
    if (!view.draft) {
      clear(sheet, one ? h("img", { src: `/photo/${one.photo}?w=480`, alt: "The photograph as it lies on the page", class: "laid" }) : h("span", { class: "empty" }, `${Math.round(width)} × ${Math.round(height)} mm`));
    }
  }

  function asked() {
    const name = chosen(), changes = {};
    const put = (address, value) => { if (value !== undefined) changes[address] = value; };
    if (name === "photo") { const one = photo.photo(); if (one) put("objectives.pixels.image", one.photo); put("focus", photo.focus()); if (!look.element.hidden) put("look", look.read()); } else for (const [address, value] of Object.entries(neuron.read())) put(address, value);
    const box = pens.read();
    Object.assign(changes, box.changes);
    for (const [address, one] of [["page.size", page], ["page.landscape", landscape], ["page.margin", margin], ["minutes", minutes], ["machine", machine], ["seed", seed]]) put(address, one.read());
    if (name === "neuron") { put("objectives.style.image", style.read()); if (style.read()) put("objectives.style.strength", strength.read() ?? 1); }
    Object.assign(changes, rest.read());
    const usual = waysOf[name][0];
    return { changes, pens: box.pens, other: other.value, config: way.input.value && way.input.value !== usual ? way.input.value : undefined };
  }
  async function begin(draft) {
    if (chosen() === "photo" && !photo.photo()) return wrong("Drop a photograph first, or turn to a neuron.");
    if (chosen() === "neuron" && !neuron.read()["objectives.neuron.at"]) return wrong("Name a neuron first, or pick one from the sheet.");
    const button = draft ? draftButton : startButton;
    button.disabled = true;
    say.hidden = true;
    if (draft) draftNote.textContent = "Starting …";
    const told = await act("start", { ...asked(), draft }, true);
    button.disabled = false;
    if (!told || told.error) return wrong(told ? told.error : "The server does not answer.");
    if (draft) { view.draft = told.name; view.change(); } else { toast(`${told.name} is on its way.`); location.hash = `#run/${encodeURIComponent(told.name)}`; }
  }
  function wrong(text) {
    say.textContent = text;
    say.hidden = false;
    draftNote.textContent = "";
    say.scrollIntoView({ block: "nearest" });
  }
  view.change = () => {
    const run = view.draft && state.runs.get(view.draft);
    if (!run) return;
    const source = live(run);
    if (source) {
      let image = sheet.querySelector("img.draft");
      if (!image) { image = h("img", { class: run.state === "finished" ? "draft whole" : "draft", alt: "The draft" }); clear(sheet, image); }
      image.classList.toggle("whole", run.state === "finished");
      if (image.getAttribute("src") !== source) image.src = source;
    }
    const left = run.progress && run.progress.left;
    if (run.state === "failed") { wrong(run.failed || "The draft could not be made."); return; }
    clear(draftNote, isMoving(run) ? `Draft: ${run.progress?.stage || run.state}${left ? `, about ${span(left)} left` : ""} …` : ["Draft, with few strokes and steps. ", h("a", { href: `#run/${encodeURIComponent(run.name)}` }, "Look at it closely")]);
  };
  view.leave = () => { photo.leave(); neuron.leave(); kept = { photo: photo.photo(), focus: photo.focus(), neuron: neuron.read()["objectives.neuron.at"], tab: chosen(), draft: view.draft }; };

  const form_ = h("form", { class: "how", id: "how", onsubmit: (event) => { event.preventDefault(); begin(false); } },
    h("section", {}, h("h2", {}, "Pens"), pens.element),
    h("section", {}, h("h2", {}, "Page and time"), h("div", { class: "grid" }, page.element, landscape.element, margin.element, minutes.element, machine.element)),
    h("section", {}, h("h2", {}, "Manner"), h("div", { class: "grid" }, way.element, look.element, style.element, strength.element, seed.element),
      h("details", { class: "fold" }, h("summary", {}, "All settings"), rest.element,
        h("div", { class: "field" }, h("label", { for: "other" }, "Further settings"), other, h("small", {}, "One a line, by its address in the config")))));
  clear(box, h("h1", {}, "Make a drawing"), h("div", { class: "columns" },
    h("div", { class: "what" }, tabs, panes.photo, panes.neuron),
    form_,
    h("aside", { "aria-label": "The page" }, sheet, draftNote, say, h("div", { class: "go" }, startButton, draftButton))));
  if (kept && kept.photo) photo.use(kept.photo, kept.focus);
  if (kept && kept.neuron) neuron.set(kept.neuron);
  turn(kept ? kept.tab : "photo");
  if (kept && kept.draft && state.runs.has(kept.draft)) { view.draft = kept.draft; view.change(); }
  fit();
}
