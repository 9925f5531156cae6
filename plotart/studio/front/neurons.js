// Neurons: typed, or picked from the contact sheet of a layer.

import { get } from "./api.js";
import { clear, h } from "./dom.js";

/** Gives {element, read, network}; `changed` is called when another neuron is named. */
export function neuronPane(form, changed) {
  const text = h("input", { id: "neuron", type: "text", autocomplete: "off", spellcheck: "false", placeholder: "conv4_3:12", oninput: () => { mark(); changed(); } });
  const network = h("select", { id: "network", onchange: () => { layers(); changed(); } }, form.networks.map((one) => h("option", { value: one.name, title: one.told }, one.name)));
  const layer = h("select", { id: "layer", disabled: true, onchange: () => sheet() });
  const grid = h("div", { class: "sheet", role: "group", "aria-label": "Neurons of the layer" });
  const told = h("p", { class: "hint", role: "status" });
  const dead = h("input", { type: "checkbox", id: "dead", onchange: () => grid.classList.toggle("all", dead.checked) });
  const element = h("div", {},
    h("div", { class: "field" }, h("label", { for: "neuron" }, "Neuron"), text, h("small", {}, "LAYER:UNIT, several joined by + and −, such as conv4_3:12+0.5*conv3_3:40")),
    h("div", { class: "two" }, h("div", { class: "field" }, h("label", { for: "network" }, "Network"), network), h("div", { class: "field" }, h("label", { for: "layer" }, "Layer"), layer)),
    told, grid, h("label", { class: "check", for: "dead" }, dead, h("span", {}, "Show weak and dead ones, too")));
  let asked = 0, away = false;

  async function wait(path) {
    const mine = ++asked;
    for (;;) {
      const found = await get(path).catch((error) => ({ error: error.message }));
      if (mine !== asked || away) return null;
      if (!found.making) return found;
      told.textContent = "Looking at what the neurons answer to; this is done once and kept …";
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
  async function layers() {
    layer.disabled = true;
    clear(grid);
    const found = await wait(`/api/layers?network=${encodeURIComponent(network.value)}`);
    if (!found) return;
    if (found.error) { told.textContent = found.error; return; }
    clear(layer, found.layers.map((one) => h("option", { value: one.name }, `${one.name} (${one.units})`)));
    const usual = found.layers.find((one) => one.name === "conv4_3") || found.layers[Math.floor(found.layers.length * 0.7)];
    layer.value = usual.name;
    layer.disabled = false;
    sheet();
  }
  async function sheet() {
    clear(grid);
    const found = await wait(`/api/sheet?network=${encodeURIComponent(network.value)}&layer=${encodeURIComponent(layer.value)}`);
    if (!found) return;
    if (found.error) { told.textContent = found.error; return; }
    const live = found.marks.filter((one) => one === "live").length;
    told.textContent = `${found.marks.length} neurons, ${live} of them live; each shows the patch of a picture that it answers to most.`;
    const source = `url("/sheet/${found.file}")`;
    clear(grid, found.marks.map((state, unit) => {
      const [width, height] = found.cell;
      return h("button", {
        type: "button", tabindex: "-1", class: `unit-${state}`, dataset: { unit }, "aria-label": `Neuron ${unit}, ${state}`, title: `${found.layer}:${unit}, ${state}`, "aria-pressed": "false",
        style: { "background-image": source, "background-position": `-${(unit % found.columns) * width + 3}px -${Math.floor(unit / found.columns) * height + 3}px` },
        onclick: (event) => pick(found.layer, unit, event.shiftKey),
      }, h("span", {}, String(unit)));
    }));
    mark();
    if (grid.firstChild) (grid.querySelector("[aria-pressed=true]") || grid.firstChild).tabIndex = 0;
  }
  function pick(name, unit, more) {
    const one = `${name.replace(/@pre$/, "")}:${unit}`;
    text.value = more && text.value.trim() ? `${text.value.trim()}+${one}` : one;
    mark();
    changed();
  }
  function mark() {
    const named = new Set([...text.value.matchAll(/([\w.@]+):([\d,]+)/g)].flatMap(([, at, units]) => units.split(",").map((unit) => `${at.replace(/@\w+$/, "")}:${unit}`)));
    for (const button of grid.children) button.setAttribute("aria-pressed", String(named.has(`${layer.value}:${button.dataset.unit}`)));
  }
  grid.addEventListener("keydown", (event) => {
    const shown = [...grid.children].filter((button) => button.offsetParent);
    const at = shown.indexOf(document.activeElement);
    const wide = shown.filter((button) => button.offsetTop === shown[0].offsetTop).length;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -wide, ArrowDown: wide, Home: -at, End: shown.length - 1 - at }[event.key];
    if (at < 0 || step === undefined) return;
    event.preventDefault();
    const next = shown[Math.min(shown.length - 1, Math.max(0, at + step))];
    shown[at].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
  return {
    element, leave: () => { away = true; }, open: () => { if (!layer.options.length) layers(); },
    read: () => ({ "objectives.neuron.at": text.value.trim() || undefined, "network.name": network.value === "auto" ? undefined : network.value }),
    set: (at) => { text.value = at; mark(); },
  };
}
