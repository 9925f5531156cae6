// Choose: all drawings, filtered and sorted; sweeps; the trash.

import { act, file, isMoving, live, state, subject, thumb } from "./api.js";
import { clear, h, icon, swatches, toast } from "./dom.js";
import { remove, star } from "./marks.js";
import { dialog } from "./run.js";
import { newSweep } from "./sweep.js";
import { words } from "./watch.js";

const SORTS = {
  newest: ["Newest", (a, b) => b.made - a.made],
  name: ["Name", (a, b) => a.name.localeCompare(b.name, undefined, { numeric: true })],
  excitation: ["Excitation", (a, b) => (b.excitation ?? -Infinity) - (a.excitation ?? -Infinity)],
  close: ["Closest to its picture", (a, b) => (a.close ?? Infinity) - (b.close ?? Infinity)],
  minutes: ["Minutes to plot", (a, b) => (a.minutes ?? Infinity) - (b.minutes ?? Infinity)],
};
const FILTERS = {
  all: ["All", (run) => !run.draft],
  starred: ["Starred", (run) => run.star],
  finished: ["Finished", (run) => run.state === "finished" && !run.draft],
  unfinished: ["Not finished", (run) => run.state !== "finished" && !run.draft],
  drafts: ["Drafts", (run) => run.draft],
};
const GROUPS = {
  none: ["Not grouped", () => ""],
  subject: ["By what they draw", (run) => subject(run)],
  style: ["By style", (run) => run.style || "No style"],
  look: ["By look", (run) => (run.look ? run.look.replace(/^./, (c) => c.toUpperCase()) : "No look")],
  folder: ["By sweep or folder", (run) => run.group || "Single runs"],
};
const PAGE = 120; // cards made at a time
const setting = { filter: "all", sort: "newest", group: "none", words: "" };
const picked = new Set();

export function show(root) {
  const cards = new Map();
  let most = PAGE, due = 0;
  const input = h("input", { type: "search", id: "find", placeholder: "Find", "aria-label": "Find by name, neuron, picture, pen or note", value: setting.words, oninput: () => { setting.words = input.value; draw(); } });
  const select = (key, label, choices) => {
    const made = h("select", { id: `by-${key}`, onchange: () => { setting[key] = made.value; most = PAGE; draw(); } }, Object.entries(choices).map(([name, [title]]) => h("option", { value: name, selected: setting[key] === name }, title)));
    return h("label", { class: "inline" }, h("span", {}, label), made);
  };
  const bar = h("div", { class: "bar" }, input, select("filter", "Show", FILTERS), select("sort", "Sort by", SORTS), select("group", "Group", GROUPS),
    h("button", { type: "button", onclick: newSweep }, icon("more"), "Sweep"));
  const count = h("p", { class: "hint", role: "status" });
  const chosen = h("div", { class: "picked", hidden: true });
  const sweeps = h("div", { class: "sweeps" });
  const grid = h("div", { class: "groups" });
  const trash = h("p", { class: "trash" });
  const sentinel = h("div", {});
  const eye = new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting) && most < state.runs.size) { most += PAGE; draw(); } });
  eye.observe(sentinel);
  root.append(h("h1", {}, "Choose"), bar, sweeps, chosen, count, grid, sentinel, trash);

  function draw() {
    cancelAnimationFrame(due);
    due = requestAnimationFrame(drawNow);
  }
  function drawNow() {
    if (!state.known) { count.textContent = "Looking …"; return; }
    const asked = setting.words.toLowerCase().split(/\s+/).filter(Boolean);
    const text = (run) => [run.name, run.neuron, run.image, run.style, run.look, run.note, run.page, ...run.pens.map((pen) => pen.name)].join(" ").toLowerCase();
    const found = [...state.runs.values()].filter(FILTERS[setting.filter][1]).filter((run) => asked.every((word) => text(run).includes(word))).sort(SORTS[setting.sort][1]);
    for (const name of picked) if (!state.runs.has(name)) picked.delete(name);
    count.textContent = found.length === state.runs.size ? `${found.length} drawings` : `${found.length} of ${state.runs.size} drawings`;
    const rows = new Map();
    for (const run of found.slice(0, most)) {
      const key = GROUPS[setting.group][1](run);
      if (!rows.has(key)) rows.set(key, []);
      rows.get(key).push(cardOf(run));
    }
    if (setting.group === "subject") for (const row of rows.values()) row.sort((a, b) => (a.run.style || "").localeCompare(b.run.style || "") || a.run.seed - b.run.seed);
    clear(grid, [...rows].map(([title, row]) => h("section", {}, title && h("h2", {}, title, row.length > 1 && row.length <= 4 && h("a", { class: "button small", href: `#compare/${encodeURIComponent(row.map((one) => one.run.name).join("|"))}` }, "Side by side")),
      h("div", { class: "gallery" }, row.map((one) => one.element)))),
      !found.length && h("div", { class: "nothing" }, h("p", {}, state.runs.size ? "No drawing is like that." : "There is no drawing here yet."), !state.runs.size && h("a", { class: "button main", href: "#make" }, "Make a drawing")));
    drawSweeps();
    drawPicked();
    clear(trash, state.trash.length > 0 && [`${state.trash.length} in the trash. `,
      h("button", { type: "button", class: "link", onclick: openTrash }, "Look")]);
  }

  function cardOf(run) {
    const print = JSON.stringify(run);
    let card = cards.get(run.name);
    if (!card) { card = made(run.name); cards.set(run.name, card); }
    if (card.print !== print) { card.print = print; card.run = run; card.update(run); }
    card.box.checked = picked.has(run.name);
    return card;
  }

  function made(name) {
    const image = h("img", { alt: "", loading: "lazy", decoding: "async" });
    const picture = h("a", { class: "paper", href: `#run/${encodeURIComponent(name)}` }, image, h("span", { class: "empty" }));
    const box = h("input", { type: "checkbox", "aria-label": `Pick ${name}`, onchange: () => { if (box.checked) picked.add(name); else picked.delete(name); drawPicked(); } });
    const title = h("a", { class: "title", href: `#run/${encodeURIComponent(name)}`, tabindex: "-1" });
    const told = h("p", { class: "told" });
    const corner = h("div", { class: "corner" });
    const element = h("article", { class: "card" }, picture, h("div", { class: "pick" }, box), corner, h("div", { class: "body" }, title, told));
    return {
      element, box,
      update(run) {
        const source = run.picture ? (isMoving(run) ? live(run) : thumb(run, 320)) : null;
        image.hidden = !source;
        if (source && image.getAttribute("src") !== source) image.src = source;
        picture.querySelector(".empty").textContent = source ? "" : "no picture yet";
        picture.setAttribute("aria-label", `${subject(run)}, ${words(run)}`);
        image.classList.toggle("whole", run.state === "finished");
        title.textContent = [subject(run), run.style && run.style.replace(/\.\w+$/, ""), run.look].filter(Boolean).join(", ");
        title.title = run.name;
        clear(told, run.pens.length > 0 && swatches(run.pens), run.pens.length > 0 && " ", words(run), run.note && h("em", {}, run.note));
        element.dataset.state = run.state;
        clear(corner, star(run));
      },
    };
  }

  function drawPicked() {
    const names = [...picked];
    chosen.hidden = !names.length;
    clear(chosen, h("span", {}, `${names.length} picked`),
      names.length >= 2 && names.length <= 4 ? h("a", { class: "button main small", href: `#compare/${encodeURIComponent(names.join("|"))}` }, "Side by side") : h("span", { class: "hint" }, "Pick two to four to see them side by side"),
      h("button", { type: "button", class: "small", onclick: async () => { if (await remove(names)) picked.clear(); } }, icon("trash"), "Delete"),
      h("button", { type: "button", class: "small", onclick: () => { picked.clear(); draw(); } }, "None"));
  }

  function drawSweeps() {
    clear(sweeps, state.sweeps.map((sweep) => h("article", { class: "sweepline" },
      h("strong", {}, sweep.name), h("progress", { max: sweep.of || 1, value: sweep.finished, "aria-label": `${sweep.name}: how far` }),
      h("span", {}, sweep.failed ? sweep.failed : sweep.of ? `${sweep.finished} of ${sweep.of}${sweep.at_work ? ", at work" : ""}` : sweep.at_work ? "getting ready …" : "not begun"),
      sweep.page && h("a", { class: "button small", href: file(sweep, "index.html"), target: "_blank", rel: "noopener" }, "Table"),
      h("button", { type: "button", class: "small", onclick: () => { setting.group = "folder"; input.value = setting.words = sweep.name; show_(); } }, "Show"),
      sweep.at_work && h("button", { type: "button", class: "small", onclick: () => act("stop-sweep", { name: sweep.name }) }, icon("stop"), "Stop"),
      !sweep.at_work && sweep.ours && (sweep.finished < sweep.of || !sweep.of) && h("button", { type: "button", class: "small", onclick: () => act("resume-sweep", { name: sweep.name }) }, icon("play"), "Go on"))));
  }
  function show_() {
    document.getElementById("by-group").value = setting.group;
    draw();
  }
  draw();
  return { change: draw, leave: () => { eye.disconnect(); cancelAnimationFrame(due); } };
}

function openTrash() {
  const list = h("ul", { class: "penlist" }, state.trash.map((one) => h("li", {}, h("span", {}, one.name), h("button", { type: "button", class: "small", onclick: async (event) => {
    const row = event.currentTarget.parentElement;
    if (await act("restore", { keys: [one.key] })) row.remove();
  } }, "Take back"))));
  dialog("Trash", [list, h("p", { class: "hint" }, "Emptying it removes these drawings from the disk.")], "Empty it", async () => {
    const told = await act("empty", {});
    if (told) toast("The trash is empty.");
    return Boolean(told);
  });
}
