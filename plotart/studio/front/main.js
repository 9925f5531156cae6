// Which section is shown, and the counts in the navigation.

import { follow, isMoving, onChange, state } from "./api.js";
import { clear, h, icon, tell } from "./dom.js";
import * as make from "./make.js";
import * as watch from "./watch.js";
import * as run from "./run.js";
import * as choose from "./choose.js";
import * as compare from "./compare.js";
import * as plot from "./plot.js";

const VIEWS = { make, watch, run, choose, compare, plot };
const SECTIONS = [["make", "Make"], ["watch", "Watch"], ["choose", "Choose"], ["plot", "Plot"]];
const OWNER = { run: "choose", compare: "choose" };

const main = document.getElementById("main");
const badges = {};
let shown = null;
let here = null;

if (location.search) history.replaceState(null, "", location.pathname + location.hash); // the token is in the cookie now

clear(document.getElementById("nav"), SECTIONS.map(([name, title]) => {
  badges[name] = h("span", { class: "badge", hidden: true });
  return h("a", { href: `#${name}`, dataset: { section: name } }, icon(name), h("span", {}, title), badges[name]);
}));

function route() {
  const hash = location.hash.slice(1) || "make";
  if (hash === "main") return main.focus();
  const [name, ...rest] = hash.split("/");
  const view = VIEWS[name] ? name : "make";
  if (shown && shown.leave) shown.leave();
  clear(main);
  main.dataset.view = view;
  shown = VIEWS[view].show(main, rest.map(decodeURIComponent).join("/"));
  for (const link of document.querySelectorAll("#nav a")) {
    if (link.dataset.section === (OWNER[view] || view)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${main.querySelector("h1")?.textContent || "plotart"} – plotart studio`;
  if (here !== null) { main.focus({ preventScroll: true }); scrollTo(0, 0); }
  here = hash;
}

onChange((news, before) => {
  const runs = [...state.runs.values()];
  const moving = runs.filter(isMoving).length;
  badges.watch.textContent = moving;
  badges.watch.hidden = !moving;
  const plots = runs.filter((run) => run.plot?.alive);
  badges.plot.textContent = plots.some((run) => ["pen", "paper"].includes(run.plot.state)) ? "pen!" : plots.length;
  badges.plot.hidden = !plots.length;
  for (const told of news.runs || []) {
    const was = before.get(told.name);
    if (told.plot?.alive && told.plot.message && told.plot.message !== was?.plot?.message) tell(told.plot.message);
    if (was && was.state !== told.state && ["finished", "failed", "stopped"].includes(told.state)) tell(`${told.name} is ${told.state}`);
  }
  if (shown && shown.change) shown.change(news);
});
addEventListener("hashchange", route);
route();
follow();
