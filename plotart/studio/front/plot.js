// Plot: the pen on the paper. What is to be done next is large; pause, go on and cancel are at hand.

import { act, file, get, live, state, subject, thumb } from "./api.js";
import { clear, h, icon, span, swatches } from "./dom.js";
import { dialog } from "./run.js";

export function show(root, name) {
  return name ? one(root, name) : all(root);
}

/** Runs that are on a plotter, or could be. */
function all(root) {
  const box = h("div", {});
  root.append(h("h1", {}, "Plot"), box);
  let print = "";
  const change = () => {
    const runs = [...state.runs.values()].filter((run) => run.state === "finished" && !run.draft);
    const busy = runs.filter((run) => run.plot && run.plot.state !== "done");
    const rest = runs.filter((run) => !busy.includes(run)).sort((a, b) => b.star - a.star || b.made - a.made).slice(0, 24);
    const now = JSON.stringify([busy, rest]);
    if (now === print) return;
    print = now;
    const card = (run) => h("article", { class: "card" }, h("a", { class: "paper", href: `#plot/${encodeURIComponent(run.name)}`, "aria-label": `Plot ${subject(run)}` }, h("img", { class: "whole", alt: "", loading: "lazy", src: thumb(run, 320) })),
      h("div", { class: "body" }, h("a", { class: "title", tabindex: "-1", href: `#plot/${encodeURIComponent(run.name)}` }, subject(run)),
        h("p", { class: "told" }, swatches(run.pens), " ", run.plot && run.plot.state !== "done" ? `${Math.round((100 * run.plot.strokes_done) / (run.plot.strokes || 1))} % drawn, ${STATES[run.plot.state] || run.plot.state}` : `${Math.round(run.minutes)} min`)));
    clear(box, busy.length > 0 && [h("h2", {}, "On the plotter"), h("div", { class: "gallery" }, busy.map(card))],
      rest.length > 0 && [h("h2", {}, busy.length ? "Others" : "What shall be plotted?"), h("div", { class: "gallery" }, rest.map(card))],
      !runs.length && h("div", { class: "nothing" }, h("p", {}, state.known ? "There is no finished drawing yet." : "Looking …"), h("a", { class: "button main", href: "#make" }, "Make a drawing")));
  };
  change();
  return { change };
}

const STATES = { starting: "getting ready", pen: "waits for a pen", paper: "waits for paper", plotting: "at work", paused: "paused", done: "done", cancelled: "cancelled", lost: "broken off" };

function one(root, name) {
  const title = h("h1", {}, "Plot");
  const image = h("img", { class: "whole", alt: "The drawing" });
  const panel = h("div", { class: "plotpanel" });
  const said = h("p", { class: "wrong", role: "alert", hidden: true });
  root.append(h("div", { class: "run" }, h("p", { class: "crumb" }, h("a", { href: "#plot" }, icon("back"), "All plots")), h("header", {}, title),
    h("div", { class: "columns" }, h("figure", {}, h("div", { class: "paper large" }, image)), h("div", { class: "side" }, panel, said))));
  let print = "", ports = [], machines = [], begun = 0, before = "", away = false, asking = null;
  get("/api/form").then((form) => { machines = form.machines; print = ""; change(); }, () => {});
  look();

  async function look() {
    const told = await get(`/api/plot?name=${encodeURIComponent(name)}`).catch(() => null);
    if (!told || away) return;
    ports = told.ports;
    const failed = begun && told.told && !state.runs.get(name)?.plot?.alive;
    said.textContent = failed ? told.told : "";
    said.hidden = !failed;
    print = "";
    change();
  }
  async function begin(asked) {
    said.hidden = true;
    if (!(await act("plot", { name, ...asked }))) return;
    begun = Date.now();
    before = JSON.stringify(state.runs.get(name)?.plot ?? null);
    print = "";
    change();
    // it says what is wrong only in its log: look until it is under way
    clearInterval(asking);
    asking = setInterval(() => {
      const plot = state.runs.get(name)?.plot;
      if (plot?.alive || Date.now() - begun > 120000 || away) clearInterval(asking);
      else look();
    }, 1500);
  }
  const tell = (word) => act("tell-plot", { name, word });

  function change() {
    const run = state.runs.get(name);
    if (!run) { if (state.known) clear(panel, h("p", {}, "There is no such run.")); return; }
    title.textContent = `Plot ${subject(run)}`;
    const source = live(run);
    if (source && image.getAttribute("src") !== source) image.src = source;
    const plot = run.plot;
    if (begun && JSON.stringify(plot) !== before) begun = plot && plot.alive ? 0 : begun;
    const now = JSON.stringify([plot, begun, said.hidden]);
    if (now === print) return;
    print = now;
    const focus = document.activeElement?.dataset?.act;
    if (plot && plot.alive) clear(panel, atWork(plot));
    else if (begun && said.hidden) clear(panel, h("p", { class: "step" }, "Looking for the plotter …"));
    else clear(panel, plot && plot.state !== "done" ? brokenOff(plot) : null, plot && plot.state === "done" ? h("p", { class: "step", role: "status" }, "It is drawn.") : null, form(run, plot));
    if (focus) panel.querySelector(`[data-act="${focus}"]`)?.focus();
  }

  function atWork(plot) {
    const waits = ["pen", "paper"].includes(plot.state);
    const share = plot.strokes_done / (plot.strokes || 1);
    return [
      h("div", { class: "penask", role: "status" }, plot.colour && h("i", { style: { "background-color": plot.colour } }),
        h("div", {}, h("p", { class: "step" }, waits ? capital(plot.message) : plot.state === "paused" ? "Paused, the pen is up" : plot.state === "starting" ? "Getting ready …" : `Draws ${plot.pen}`),
          h("p", { class: "hint" }, `${plot.strokes_done} of ${plot.strokes} strokes, about ${span(plot.seconds_left)} left`))),
      h("progress", { max: "1", value: share, "aria-label": "How much is drawn" }),
      h("div", { class: "tools big" },
        (waits || plot.state === "paused") && h("button", { type: "button", class: "main", dataset: { act: "resume" }, onclick: () => tell("resume") }, icon("play"), plot.state === "pen" ? "The pen is in, go on" : plot.state === "paper" ? "The paper lies, go on" : "Go on"),
        plot.state === "plotting" && h("button", { type: "button", class: "main", dataset: { act: "pause" }, onclick: () => tell("pause") }, "Pause"),
        h("button", { type: "button", dataset: { act: "cancel" }, onclick: () => dialog("Cancel the plot?", h("p", {}, "The pen goes home. You can go on later at the stroke it was in."), "Cancel the plot", () => tell("cancel")) }, icon("stop"), "Cancel")),
    ];
  }

  function brokenOff(plot) {
    return h("div", { class: "penask", role: "status" }, plot.colour && h("i", { style: { "background-color": plot.colour } }),
      h("div", {}, h("p", { class: "step" }, plot.state === "cancelled" ? "Cancelled" : "Broken off", ` after ${plot.strokes_done} of ${plot.strokes} strokes`), plot.message && h("p", { class: "hint" }, capital(plot.message)),
        h("div", { class: "tools big" }, h("button", { type: "button", class: "main", dataset: { act: "again" }, onclick: () => begin({ resume: true, port: chosenPort() }) }, icon("play"), "Go on at the stroke it was in"))));
  }

  const port = h("select", { id: "port" });
  const other = h("input", { id: "port-other", type: "text", spellcheck: "false", placeholder: "/dev/ttyACM0" });
  const machine = h("select", { id: "machine" });
  const copies = h("input", { id: "copies", type: "number", min: "1", max: "1000", step: "1", value: "1" });
  const chosenPort = () => other.value.trim() || port.value || undefined;

  function form(run, plot) {
    const wanted = port.value, was = machine.value;
    clear(port, h("option", { value: "" }, "Found by itself"), ports.map((found) => h("option", { value: found.name }, found.title)));
    port.value = [...port.options].some((option) => option.value === wanted) ? wanted : "";
    clear(machine, machines.map((found) => h("option", { value: found.name }, found.title || found.name)));
    machine.value = [...machine.options].some((option) => option.value === was) && was ? was : machines.some((found) => found.name === "axidraw") ? "axidraw" : machine.value;
    const boxes = run.pens.map((pen, at) => h("label", { class: "check" }, h("input", { type: "checkbox", checked: true, dataset: { layer: at + 1 } }), h("i", { class: "dot", style: { "background-color": pen.hex } }), h("span", {}, pen.name), h("small", {}, span(pen.seconds))));
    const layers = h("fieldset", { class: "layers" }, h("legend", {}, "Pens, in this order"), boxes);
    return h("form", { class: "plotform", onsubmit: (event) => {
      event.preventDefault();
      const chosen = [...layers.querySelectorAll("input")].filter((input) => input.checked).map((input) => input.dataset.layer);
      if (!chosen.length) return;
      begin({ port: chosenPort(), machine: machine.value || undefined, copies: Number(copies.value) || 1, layer: chosen.length < run.pens.length ? chosen.join(",") : undefined });
    } },
    plot && h("h2", {}, "Or from the beginning"),
    layers,
    h("div", { class: "grid" }, labelled("Plotter", machine), labelled("Port", port), labelled("Another port", other), labelled("Copies", copies)),
    h("p", { class: "hint" }, "Push the pen to its home corner and lay the paper down. It then asks for the first pen."),
    h("div", { class: "go" }, h("button", { type: "submit", class: plot && plot.state !== "done" ? "" : "main", dataset: { act: "begin" } }, icon("play"), "Plot it"), h("a", { class: "button", href: file(run, "report.html"), target: "_blank", rel: "noopener" }, "Report")));
  }
  const labelled = (label, input) => h("div", { class: "field" }, h("label", { for: input.id }, label), input);

  function key(event) {
    if (event.target.closest("input, select, textarea, button, a, dialog, summary") || event.key !== " ") return;
    const plot = state.runs.get(name)?.plot;
    if (!plot?.alive) return;
    event.preventDefault();
    tell(plot.state === "plotting" ? "pause" : "resume");
  }
  document.addEventListener("keydown", key);
  change();
  return { change, leave: () => { away = true; clearInterval(asking); document.removeEventListener("keydown", key); } };
}

const capital = (text) => text && text[0].toUpperCase() + text.slice(1);
