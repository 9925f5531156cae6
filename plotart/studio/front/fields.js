// Fields of the form, as the config's schema describes them.

import { h, icon } from "./dom.js";

/**
 * A labelled field. `told` is the schema's: address, label, help, kind, default, choices, min, max.
 * Gives {element, read, set}; `read` gives undefined where nothing was filled in.
 */
export function field(told, options = {}) {
  const id = `f-${told.address.replace(/[^a-z0-9]+/gi, "-")}${options.suffix || ""}`;
  const label = options.label || told.label;
  const help = options.help ?? told.help;
  const describe = help ? { "aria-describedby": `${id}-help` } : {};
  let input, read, set;
  if (options.choices || told.choices) {
    const choices = (options.choices || told.choices).map((choice) => (typeof choice === "string" ? { name: choice, title: choice } : choice));
    const first = options.empty === undefined && told.optional ? "as usual" : options.empty;
    input = h("select", { id, ...describe, onchange: options.onchange },
      first !== undefined && h("option", { value: "" }, first), choices.map((choice) => h("option", { value: choice.name }, choice.title || choice.name)));
    input.value = first !== undefined ? "" : told.default;
    read = () => (input.value === "" || (first === undefined && input.value === told.default) ? undefined : input.value);
    set = (value) => { input.value = value; };
  } else if (told.kind === "boolean" && told.optional) {
    const [first, yes, no] = options.words || ["as usual", "yes", "no"];
    input = h("select", { id, ...describe, onchange: options.onchange }, h("option", { value: "" }, first), h("option", { value: "true" }, yes), h("option", { value: "false" }, no));
    read = () => (input.value === "" ? undefined : input.value === "true");
    set = (value) => { input.value = value === null || value === undefined ? "" : String(value); };
  } else if (told.kind === "boolean") {
    input = h("input", { id, type: "checkbox", checked: told.default === true, onchange: options.onchange, ...describe });
    read = () => (input.checked === (told.default === true) ? undefined : input.checked);
    set = (value) => { input.checked = value === true; };
    const line = h("label", { class: "check", for: id }, input, h("span", {}, label));
    return { element: h("div", { class: "field" }, line, help && h("small", { id: `${id}-help` }, help)), read, set, input };
  } else {
    const number = told.kind === "integer" || told.kind === "number";
    input = h("input", {
      id, type: number ? "number" : "text", min: told.min, max: told.max > 1e9 ? null : told.max, step: told.kind === "integer" ? 1 : "any",
      inputmode: told.kind === "integer" ? "numeric" : number ? "decimal" : null, autocomplete: "off", spellcheck: "false",
      placeholder: options.placeholder ?? (told.default === null || told.default === undefined ? "as usual" : String(told.default)),
      oninput: options.onchange, ...describe,
    });
    read = () => (input.value.trim() === "" ? undefined : number ? Number(input.value) : input.value.trim());
    set = (value) => { input.value = value ?? ""; };
  }
  const row = options.unit ? h("span", { class: "unit" }, input, h("span", {}, options.unit)) : options.button ? h("span", { class: "unit" }, input, options.button) : input;
  const element = h("div", { class: "field" }, h("label", { for: id }, label), row, help && h("small", { id: `${id}-help` }, help));
  return { element, read, set, input };
}

/** A button that throws a seed. */
export function dice(onseed) {
  return h("button", { type: "button", class: "small", "aria-label": "Another seed", title: "Another seed", onclick: () => onseed(Math.floor(Math.random() * 100000)) }, icon("dice"));
}

/** Every setting of one value, by section; gives {element, read}. */
export function everything(fields, leaveOut) {
  const sections = new Map();
  for (const told of Object.values(fields)) {
    if (leaveOut.has(told.address)) continue;
    const cut = told.address.lastIndexOf(".");
    const section = cut < 0 ? "run" : told.address.slice(0, cut).replace("objectives.", "objective ");
    if (!sections.has(section)) sections.set(section, []);
    sections.get(section).push(field(told, { suffix: "-all" }));
    const made = sections.get(section);
    made[made.length - 1].address = told.address;
  }
  const element = h("div", { class: "everything" }, [...sections].map(([name, made]) =>
    h("details", {}, h("summary", {}, name[0].toUpperCase() + name.slice(1), h("small", {}, ` ${made.length}`)), h("div", { class: "grid" }, made.map((one) => one.element)))));
  const read = () => Object.fromEntries([...sections.values()].flat().map((one) => [one.address, one.read()]).filter(([, value]) => value !== undefined));
  return { element, read };
}
