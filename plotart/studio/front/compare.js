// Two to four drawings side by side, moved and magnified together.

import { isMoving, live, state, subject } from "./api.js";
import { clear, h, swatches } from "./dom.js";
import { words } from "./watch.js";

export function show(root, names) {
  const chosen = names.split("|").slice(0, 4);
  let scale = 1, x = 0, y = 0;
  const panes = chosen.map((name) => {
    const image = h("img", { alt: "", draggable: "false" });
    const glass = h("div", { class: "glass", tabindex: "0", role: "group", "aria-label": `${name}; plus and minus magnify, arrow keys move` }, image);
    const title = h("a", { class: "title", href: `#run/${encodeURIComponent(name)}` }, name);
    const told = h("p", { class: "told" });
    return { name, image, glass, title, told, element: h("figure", {}, glass, h("figcaption", {}, title, told)) };
  });
  const shown = h("output", {}, "100 %");
  function place() {
    scale = Math.min(24, Math.max(1, scale));
    const most = (1 - 1 / scale) / 2;
    x = Math.min(most, Math.max(-most, x));
    y = Math.min(most, Math.max(-most, y));
    for (const pane of panes) pane.image.style.setProperty("transform", `scale(${scale}) translate(${x * 100}%, ${y * 100}%)`);
    shown.textContent = `${Math.round(scale * 100)} %`;
  }
  const magnify = (by) => { scale *= by; place(); };
  const whole = () => { [scale, x, y] = [1, 0, 0]; place(); };
  for (const { glass } of panes) {
    glass.addEventListener("wheel", (event) => { event.preventDefault(); magnify(Math.exp(-event.deltaY / 400)); }, { passive: false });
    const pointers = new Map();
    let apart = 0;
    glass.addEventListener("pointerdown", (event) => { glass.setPointerCapture(event.pointerId); pointers.set(event.pointerId, event); });
    glass.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (!before) return;
      pointers.set(event.pointerId, event);
      const area = glass.getBoundingClientRect();
      if (pointers.size === 2) {
        const [a, b] = [...pointers.values()];
        const now = Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
        if (apart) magnify(now / apart);
        apart = now;
      } else {
        x += (event.clientX - before.clientX) / area.width / scale;
        y += (event.clientY - before.clientY) / area.height / scale;
        place();
      }
    });
    for (const end of ["pointerup", "pointercancel"]) glass.addEventListener(end, (event) => { pointers.delete(event.pointerId); apart = 0; });
    glass.addEventListener("dblclick", () => (scale > 1 ? whole() : magnify(3)));
    glass.addEventListener("keydown", (event) => {
      const move = 0.1 / scale;
      const step = { "+": () => magnify(1.5), "=": () => magnify(1.5), "-": () => magnify(1 / 1.5), 0: whole, ArrowLeft: () => { x += move; }, ArrowRight: () => { x -= move; }, ArrowUp: () => { y += move; }, ArrowDown: () => { y -= move; } }[event.key];
      if (!step) return;
      event.preventDefault();
      step();
      place();
    });
  }
  const button = (label, text, action) => h("button", { type: "button", class: "small", "aria-label": label, onclick: action }, text);
  root.append(h("div", { class: "compare" }, h("header", {}, h("h1", {}, "Side by side"),
    h("div", { class: "tools" }, button("Smaller", "−", () => magnify(1 / 1.5)), shown, button("Larger", "+", () => magnify(1.5)), button("Whole page", "Whole", whole), h("a", { class: "button small", href: "#choose" }, "Back"))),
  h("div", { class: "panes", dataset: { count: panes.length } }, panes.map((pane) => pane.element)),
  h("p", { class: "hint" }, "Wheel or pinch magnifies all of them; drag moves; a double click brings the whole page back.")));
  const change = () => {
    for (const pane of panes) {
      const run = state.runs.get(pane.name);
      if (!run) { if (state.known) clear(pane.told, "There is no such run."); continue; }
      const source = live(run);
      if (source && pane.image.getAttribute("src") !== source) pane.image.src = source;
      pane.image.alt = subject(run);
      pane.title.textContent = [subject(run), run.style && run.style.replace(/\.\w+$/, ""), run.look, `seed ${run.seed}`].filter(Boolean).join(", ");
      clear(pane.told, swatches(run.pens), " ", words(run), isMoving(run) ? "" : null);
    }
  };
  change();
  return { change };
}
