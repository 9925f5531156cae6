// Elements without markup: text is always text.

const SVG = "http://www.w3.org/2000/svg";

/** h("button", {class: "x", onclick: f, "aria-label": "..."}, child, "text", [more]) */
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

export function s(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else if (name === "dataset") Object.assign(element.dataset, value);
    else if (["value", "checked", "selected", "disabled", "hidden", "open", "indeterminate"].includes(name)) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function clear(element, ...children) {
  element.replaceChildren(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const ICONS = {
  make: "M4 20l4-1L20 7l-3-3L5 16zM14 7l3 3",
  watch: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM12 9a3 3 0 100 6 3 3 0 000-6z",
  choose: "M4 4h7v9H4zM13 4h7v5h-7zM13 11h7v9h-7zM4 15h7v5H4z",
  plot: "M4 20h16M6 16L16 6l3 3L9 19H6zM13 9l3 3",
  star: "M12 3l2.8 5.9 6.2.9-4.500 4.500 1.100 6.400L12 17.600 6.400 20.700l1.100-6.400L3 9.800l6.200-.9z",
  stop: "M6 6h12v12H6z",
  play: "M7 5l12 7-12 7z",
  more: "M5 12h14M12 5v14",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  dice: "M5 5h14v14H5zM9 9h.01M15 15h.01M15 9h.01M9 15h.01",
  crop: "M7 2v15h15M2 7h15v15",
  close: "M6 6l12 12M18 6L6 18",
  report: "M6 3h9l4 4v14H6zM9 12h7M9 16h7M9 8h3",
  back: "M15 5l-7 7 7 7",
};

export function icon(name) {
  return s("svg", { class: "icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, s("path", { d: ICONS[name] }));
}

export function swatches(pens, label = true) {
  return h("span", { class: "swatches", role: "img", "aria-label": pens.length ? `Pens: ${pens.map((pen) => pen.name).join(", ")}` : "No pens yet" },
    pens.slice(0, 24).map((pen) => h("i", { style: { "background-color": pen.hex }, title: label ? pen.name : null })));
}

/** A number of seconds in words: "40 s", "3 min", "1 h 05". */
export function span(seconds) {
  if (seconds === null || seconds === undefined || !isFinite(seconds)) return "";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 100) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")}`;
}

export function figure(value, digits = 3) {
  if (value === null || value === undefined) return "";
  if (value !== 0 && (Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3)) return value.toExponential(1);
  return String(Number(value.toPrecision(digits)));
}

let asleep;
export function toast(text, action, label = "Undo") {
  const box = document.getElementById("toasts");
  const line = h("div", { class: "toast" }, h("span", {}, text),
    action && h("button", { type: "button", onclick: () => { action(); line.remove(); } }, label),
    h("button", { type: "button", class: "bare", "aria-label": "Close", onclick: () => line.remove() }, icon("close")));
  clear(box, line);
  clearTimeout(asleep);
  asleep = setTimeout(() => line.remove(), action ? 20000 : 7000);
}

export function tell(text) {
  document.getElementById("told").textContent = text;
}
