// Pens from a box: a set, and those of its pens that are at hand.

import { h, clear } from "./dom.js";

/** Gives {element, read}: `read` gives {"changes": ..., "pens": ...} to send. */
export function penBox(form) {
  const sets = new Map(form.pens.map((set) => [set.name, set]));
  const usual = form.fields["pens.set"].default;
  const chosen = new Set();
  const select = h("select", { id: "pen-set", onchange: () => { chosen.clear(); draw(); } },
    form.pens.map((set) => h("option", { value: set.name, selected: set.name === usual }, `${set.title} (${set.pens.length})`)));
  const count = h("select", { id: "pen-count" }, ["1", "2", "3", "4", "5", "6", "8", "10", "12"].map((n) => h("option", { value: n, selected: n === "4" }, n)),
    h("option", { value: "auto" }, "as few as do"), h("option", { value: "all" }, "all of them"));
  const box = h("div", { class: "penbox", role: "group", "aria-label": "Pens at hand" });
  const told = h("small", {});

  function draw() {
    const set = sets.get(select.value);
    clear(box, set.pens.map((pen) => h("button", {
      type: "button", class: "pen", "aria-pressed": String(chosen.has(pen.name)), title: `${pen.name}, ${pen.tip_mm} mm`, "aria-label": `${pen.name}, ${pen.tip_mm} mm`,
      style: { "--pen": pen.hex }, onclick: (event) => {
        if (chosen.has(pen.name)) chosen.delete(pen.name); else chosen.add(pen.name);
        event.currentTarget.setAttribute("aria-pressed", String(chosen.has(pen.name)));
        say();
      },
    }, h("i", {}), h("span", {}, pen.name))));
    say();
  }
  function say() {
    const set = sets.get(select.value);
    box.classList.toggle("some", chosen.size > 0);
    told.textContent = chosen.size ? `The drawing takes from these ${chosen.size}. ` : `The drawing takes from all ${set.pens.length}; press pens to take from those only. `;
    if (chosen.size) told.append(h("button", { type: "button", class: "link", onclick: () => { chosen.clear(); draw(); } }, "Take from all"));
  }
  draw();
  const element = h("div", {},
    h("div", { class: "two" }, h("div", { class: "field" }, h("label", { for: "pen-set" }, "Box of pens"), select),
      h("div", { class: "field narrow" }, h("label", { for: "pen-count" }, "How many"), count)), box, told);
  const read = () => {
    const most = chosen.size || sets.get(select.value).pens.length;
    const all = count.value === "all" || Number(count.value) > most;
    return {
      changes: { "pens.set": select.value, ...(all ? { "pens.palette": "fixed" } : { "pens.count": count.value === "auto" ? "auto" : Number(count.value) }) },
      pens: chosen.size ? { set: select.value, names: [...chosen] } : undefined,
    };
  };
  return { element, read };
}
