// One run: its picture as it comes, losses, what can be done with it, and its files.

import { act, file, get, isMoving, live, shortName, state, subject } from "./api.js";
import { curve } from "./chart.js";
import { clear, figure, h, icon, span, toast } from "./dom.js";
import { remove, star } from "./marks.js";
import { closeness, shareOf, words } from "./watch.js";

export function show(root, name) {
  const title = h("h1", {}, name.split("/").pop());
  const sub = h("p", { class: "sub" });
  const image = h("img", { alt: "", hidden: true });
  const zoom = h("a", { class: "paper large", target: "_blank", rel: "noopener" }, image, h("span", { class: "empty" }, "No picture yet"));
  const line = h("p", { class: "told", role: "status" });
  const bar = h("progress", { max: "1", "aria-label": "How far the run is" });
  const tools = h("div", { class: "tools" });
  const facts = h("dl", { class: "facts" });
  const charts = h("div", { class: "charts" });
  const pens = h("ul", { class: "penlist" });
  const files = h("div", { class: "tools files" });
  const log = h("pre", { tabindex: "0" });
  const config = h("pre", { tabindex: "0" });
  const note = h("textarea", { rows: "2", id: "note", placeholder: "What you think of it", onchange: () => act("note", { name, note: note.value }) });
  const noted = h("div", { class: "field" }, h("label", { for: "note" }, "Note"), note);
  const drawn = new Map();
  let run = null, print = "", detail = "", away = false;

  root.append(h("div", { class: "run" }, h("p", { class: "crumb" }, h("a", { href: "#choose" }, icon("back"), "All drawings")),
    h("header", {}, title, sub),
    h("div", { class: "columns" }, h("figure", {}, zoom),
      h("div", { class: "side" }, line, bar, tools, h("section", { class: "penbox-section" }, pens), facts, noted, charts, files,
        h("details", { class: "fold" }, h("summary", {}, "Config"), config),
        h("details", { class: "fold" }, h("summary", {}, "What it said"), log)))));

  async function details() {
    const told = await get(`/api/run?name=${encodeURIComponent(name)}`).catch(() => null);
    if (!told || away || !run) return;
    config.textContent = told.config;
    log.textContent = told.log || "It said nothing.";
    draw(told);
    const label = { "drawing.svg": "Drawing (SVG)", "preview.png": "Preview (PNG)", "config.yaml": "Config", "run.json": "Figures", "transition.svg": "Transition" };
    clear(files, told.files.filter((one) => label[one]).map((one) => h("a", { class: "button small", href: file(run, one) + "?save", download: "" }, label[one])),
      told.pens.map((one) => h("a", { class: "button small", href: file(run, `pens/${encodeURIComponent(one)}`) + "?save", download: "" }, one.replace(/\.svg$/, ""))));
  }
  function draw(told) {
    const series = new Map();
    const put = (key, x, y) => { if (y === null || y === undefined) return; if (!series.has(key)) series.set(key, []); series.get(key).push([x, y]); };
    for (const point of told.curve) {
      for (const [key, value] of Object.entries(point.losses)) put(key, point.step, value);
      put("excitation", point.step, point.excitation);
    }
    // of a run by an earlier version
    if (!series.size) for (const [step, loss, excitation] of told.history) { put("loss", step, loss); put("excitation", step, excitation); }
    for (const [key, points] of series) drawn.set(key, curve(drawn.get(key), key, points));
    clear(charts, [...series.keys()].map((key) => drawn.get(key)));
  }

  function change(news) {
    run = state.runs.get(name) || null;
    if (!run) {
      if (state.known) { clear(line, "There is no such run."); clear(tools, h("a", { class: "button", href: "#choose" }, "All drawings")); }
      return;
    }
    const now = JSON.stringify(run);
    if (now === print) return;
    print = now;
    title.textContent = subject(run);
    clear(sub, [name, run.page && `${run.page.toUpperCase()}${run.landscape ? " landscape" : ""}`, `seed ${run.seed}`, run.style && `style ${run.style}`, run.look && `look ${run.look}`].filter(Boolean).join(" · "));
    const source = live(run);
    image.hidden = !source;
    zoom.querySelector(".empty").hidden = Boolean(source);
    if (source) {
      if (image.getAttribute("src") !== source) image.src = source;
      zoom.href = run.state === "finished" ? file(run, "report.html") : source;
    }
    image.alt = run.state === "finished" ? "The drawing" : "The drawing as it is by now";
    image.classList.toggle("whole", run.state === "finished");
    clear(line, run.state === "finished" ? `Finished after ${span(run.seconds)} of work` : words(run));
    line.classList.toggle("wrong", run.state === "failed");
    const share = shareOf(run);
    bar.hidden = !isMoving(run);
    if (share === null) bar.removeAttribute("value"); else bar.value = share;
    buttons();
    clear(pens, run.pens.map((pen) => h("li", {}, h("i", { style: { "background-color": pen.hex } }), h("span", {}, pen.name), h("small", {}, [pen.strokes && `${pen.strokes} strokes`, span(pen.seconds)].filter(Boolean).join(", ")))));
    const rows = [
      ["Plot", run.minutes !== null && `${span(run.minutes * 60)}, ${run.ink_m?.toFixed(1)} m of ink, ${run.lifts} lifts`],
      ["Beside its picture", run.close !== null && closeness(run.close)],
      ["Excitation", run.excitation !== null && figure(run.excitation)],
    ].filter(([, value]) => value);
    clear(facts, rows.map(([key, value]) => [h("dt", {}, key), h("dd", {}, value)]));
    if (document.activeElement !== note) note.value = run.note;
    const due = `${run.state} ${run.state === "running" ? run.progress?.step : ""}`;
    if (due !== detail) { detail = due; details(); }
  }

  function buttons() {
    const finished = run.state === "finished";
    clear(tools,
      star(run),
      finished && h("a", { class: "button main", href: file(run, "report.html"), target: "_blank", rel: "noopener" }, icon("report"), "Report"),
      isMoving(run) && h("button", { type: "button", onclick: () => act("stop", { name }) }, icon("stop"), run.state === "waiting" ? "Take off the list" : "Stop"),
      ["stopped", "failed"].includes(run.state) && h("button", { type: "button", class: "main", onclick: () => act("resume", { name }) }, icon("play"), "Go on"),
      finished && h("a", { class: "button", href: `#plot/${encodeURIComponent(name)}` }, icon("plot"), "Plot"),
      finished && h("button", { type: "button", onclick: () => further(name) }, "Take further"),
      h("button", { type: "button", onclick: () => vary(run) }, "Vary"),
      !isMoving(run) && h("button", { type: "button", class: "quiet", onclick: async () => { if (await remove([name])) location.hash = "#choose"; } }, icon("trash"), "Delete"));
  }
  change();
  return { change, leave: () => { away = true; } };
}

/** A dialog with a form; `send` gives whether it may close. */
export function dialog(title, content, label, send) {
  const box = h("dialog", { "aria-label": title }, h("form", { method: "dialog", onsubmit: async (event) => { event.preventDefault(); if (await send()) box.close(); } },
    h("h2", {}, title), content, h("div", { class: "go" }, h("button", { class: "main", type: "submit" }, label), h("button", { type: "button", onclick: () => box.close() }, "Leave it"))));
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
  return box;
}

function further(name) {
  const steps = h("input", { type: "number", id: "steps", min: "1", max: "1000000", value: "100", step: "1" });
  dialog("Take it further", h("div", { class: "field" }, h("label", { for: "steps" }, "Steps more of its last fit"), steps), "Go on",
    async () => Boolean(await act("resume", { name, steps: Number(steps.value) })));
}

function vary(run) {
  const count = h("input", { type: "number", id: "count", min: "1", max: "12", value: "3", step: "1" });
  const strengths = h("input", { type: "text", id: "strengths", value: "0.5, 1, 2", spellcheck: "false" });
  const styled = run.style !== null;
  const what = h("select", { id: "what", onchange: () => { seeds.hidden = what.value !== "seed"; by.hidden = what.value === "seed"; } },
    h("option", { value: "seed" }, "Other seeds"), styled && h("option", { value: "objectives.style.strength" }, "Strengths of the style"),
    run.minutes !== null && h("option", { value: "minutes" }, "Minutes on the plotter"));
  const seeds = h("div", { class: "field" }, h("label", { for: "count" }, "How many"), count);
  const by = h("div", { class: "field", hidden: true }, h("label", { for: "strengths" }, "Values, with commas"), strengths);
  dialog(`Vary ${shortName(run)}`, [h("div", { class: "field" }, h("label", { for: "what" }, "What"), what), seeds, by], "Draw them", async () => {
    const values = what.value === "seed" ? Array.from({ length: Number(count.value) }, (_, at) => (run.seed || 0) + 1 + at) : strengths.value.split(",").map(Number).filter((value) => Number.isFinite(value) && value > 0);
    const told = await act("vary", { name: run.name, address: what.value, values });
    if (told) { toast(`${told.names.length} more are on their way.`); location.hash = "#watch"; }
    return Boolean(told);
  });
}
