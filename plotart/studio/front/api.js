// What the server is asked, and what it tells: one stream of changes for the whole page.

import { toast } from "./dom.js";

export const state = { runs: new Map(), sweeps: [], trash: [], known: false };
const listeners = new Set();

export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Do something: POST /api/do/WHAT. Tells what is wrong in a toast and gives null then. */
export async function act(what, asked, quiet = false) {
  return send(`/api/do/${what}`, JSON.stringify(asked), "application/json", quiet);
}

export async function upload(file) {
  if (file.size > 64 * 1024 * 1024) {
    toast(`${file.name} has more than 64 MB.`);
    return null;
  }
  return send(`/api/photos?name=${encodeURIComponent(file.name)}`, file, "application/octet-stream");
}

async function send(path, body, kind, quiet = false) {
  let answer;
  try {
    answer = await fetch(path, { method: "POST", body, headers: { "Content-Type": kind } });
  } catch {
    toast("The server does not answer.");
    return null;
  }
  const told = await answer.json().catch(() => ({ error: "That did not work." }));
  if (!answer.ok) {
    if (quiet) return { error: told.error };
    toast(told.error || "That did not work.");
    return null;
  }
  return told;
}

export async function get(path) {
  const answer = await fetch(path);
  const told = await answer.json().catch(() => null);
  if (!answer.ok) throw new Error(told && told.error ? told.error : `${path}: ${answer.status}`);
  return told;
}

export function thumb(run, width) {
  return `/thumb/${run.name.split("/").map(encodeURIComponent).join("/")}?w=${width}&v=${encodeURIComponent(run.picture ?? 0)}`;
}

/** The address of a run's own file. */
export function file(run, path) {
  return run.files.split("/").map((part, at) => (at < 3 ? part : encodeURIComponent(part))).join("/") + path;
}

export function live(run) {
  return run.state === "finished" ? file(run, "preview.png") + `?v=${run.picture}` : run.frame ? file(run, `frames/${run.frame}`) : null;
}

export function follow() {
  const offline = document.getElementById("offline");
  const source = new EventSource("/events");
  source.onopen = () => { offline.hidden = true; };
  source.onerror = () => {
    offline.hidden = false;
    if (source.readyState === EventSource.CLOSED) setTimeout(follow, 3000);
  };
  let first = true;
  source.onmessage = (event) => {
    const news = JSON.parse(event.data);
    const before = state.runs;
    if (first && news.runs) { state.runs = new Map(); first = false; }
    for (const run of news.runs || []) state.runs.set(run.name, run);
    for (const name of news.gone || []) state.runs.delete(name);
    for (const key of ["sweeps", "trash"]) if (news[key] !== undefined) state[key] = news[key];
    state.known = true;
    for (const listener of listeners) listener(news, before);
  };
}

export const MOVING = ["running", "starting", "waiting"];
export const isMoving = (run) => MOVING.includes(run.state);
export const shortName = (run) => run.name.split("/").pop();

/** What a run draws, in words. */
export function subject(run) {
  const image = run.image ? run.image.replace(/^[0-9a-f]{12}-/, "").replace(/(-part)?\.\w+$/, "") : null;
  const what = [image, run.neuron].filter(Boolean).join(" + ");
  return what || shortName(run);
}
