// A sweep: neurons or photographs, in styles or looks, pens and seeds; each with each.

import { act, get, upload } from "./api.js";
import { clear, h, toast } from "./dom.js";
import { dialog } from "./run.js";

const capital = (text) => text.replace(/^./, (c) => c.toUpperCase());

export async function newSweep() {
  let form;
  try { form = await get("/api/form"); } catch (error) { toast(error.message); return; }
  const text = (name, given = {}) => h("input", { type: "text", id: `sweep-${name}`, spellcheck: "false", ...given });
  const one = (label, input, help) => h("div", { class: "field" }, h("label", { for: input.id }, label), input, help && h("small", {}, help));
  const neurons = text("neurons", { placeholder: "conv4_3:0-15,40" });
  const styles = text("styles", { value: "none, mondrian.jpg" });
  const seeds = text("seeds", { value: "0" });
  const steps = h("input", { type: "number", id: "sweep-steps", min: "1", step: "1", placeholder: "as usual" });
  const photos = picker(form.photos);
  const looks = choices("Looks", form.looks.map((name) => ({ name, title: capital(name) })));
  const pens = choices("Pens", form.pens, "None: the usual set");
  const what = h("select", { id: "sweep-what", onchange: turn }, h("option", { value: "neurons" }, "Neurons"), h("option", { value: "photographs" }, "Photographs"));
  const ofNeurons = h("div", {}, one("Neurons", neurons, "Each is drawn with each style, pen set and seed"), one("Styles", styles, "With commas; none is no style"));
  const ofPhotos = h("div", {}, photos.element, looks.element);
  function turn() {
    ofNeurons.hidden = what.value !== "neurons";
    ofPhotos.hidden = what.value !== "photographs";
  }
  turn();
  dialog("Sweep", [one("What to draw", what), ofNeurons, ofPhotos, pens.element, one("Seeds", seeds), one("Steps", steps)], "Start", async () => {
    const changes = steps.value ? { steps: Number(steps.value) } : {};
    const asked = what.value === "neurons" ? { neurons: neurons.value, styles: styles.value } : { photographs: photos.chosen(), looks: looks.chosen() };
    const told = await act("sweep", { ...asked, pens: pens.chosen(), seeds: seeds.value, changes });
    if (told) toast(`${told.name} is on its way.`);
    return Boolean(told);
  });
}

/** Photographs of which several can be taken; gives {element, chosen}. */
function picker(recent) {
  const taken = new Set();
  let photos = [...recent];
  const strip = h("div", { class: "strip", role: "group", "aria-label": "Photographs to draw" });
  const input = h("input", {
    type: "file", id: "sweep-photos", multiple: true, accept: "image/png,image/jpeg,image/webp,image/tiff,image/gif,image/bmp",
    onchange: async () => {
      for (const file of [...input.files]) {
        const told = await upload(file);
        if (!told) continue;
        taken.add(told.photo);
        photos = [told, ...photos.filter((other) => other.photo !== told.photo)];
      }
      input.value = "";
      draw();
    },
  });
  function draw() {
    clear(strip, photos.map((photo) => h("button", {
      type: "button", class: "mini", "aria-pressed": String(taken.has(photo.photo)), "aria-label": photo.photo.slice(13, -4), title: photo.photo.slice(13, -4),
      onclick: () => { if (!taken.delete(photo.photo)) taken.add(photo.photo); draw(); },
    }, h("img", { src: `/photo/${photo.photo}?w=160`, alt: "", loading: "lazy" }))));
  }
  draw();
  return { element: h("div", { class: "field" }, h("label", { for: input.id }, "Photographs"), input, strip), chosen: () => photos.map((photo) => photo.photo).filter((name) => taken.has(name)) };
}

/** Names of which several can be ticked; gives {element, chosen}. */
function choices(title, named, help) {
  const boxes = named.map(({ name, title: words }) => {
    const box = h("input", { type: "checkbox", id: `sweep-${title.toLowerCase()}-${name}`, value: name });
    return [box, h("label", { class: "check", for: box.id }, box, h("span", {}, words))];
  });
  const told = h("span", {}, title);
  const count = () => { const chosen = boxes.filter(([box]) => box.checked).length; told.textContent = chosen ? `${title}: ${chosen}` : title; };
  for (const [box] of boxes) box.addEventListener("change", count);
  const element = h("details", { class: "field several" }, h("summary", {}, told), help && h("small", {}, help), h("div", { class: "ticks", role: "group", "aria-label": title }, boxes.map(([, label]) => label)));
  return { element, chosen: () => boxes.filter(([box]) => box.checked).map(([box]) => box.value) };
}
