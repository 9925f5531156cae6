// Stars, and what is thrown away and taken back.

import { act } from "./api.js";
import { h, icon, toast } from "./dom.js";

export function star(run) {
  return h("button", {
    type: "button", class: "star", "aria-pressed": String(run.star), "aria-label": run.star ? `Take the star from ${run.name}` : `Give ${run.name} a star`, title: "Star",
    onclick: (event) => {
      event.preventDefault();
      event.currentTarget.setAttribute("aria-pressed", String(!run.star));
      act("note", { name: run.name, star: !run.star });
    },
  }, icon("star"));
}

/** Throw runs away, with a way back; whether it was done. */
export async function remove(names) {
  const told = await act("delete", { names });
  if (!told) return false;
  toast(names.length === 1 ? `${names[0]} is in the trash.` : `${names.length} drawings are in the trash.`, () => act("restore", { keys: told.keys }));
  return true;
}
