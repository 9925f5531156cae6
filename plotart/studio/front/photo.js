// The photograph: dropped, picked or pasted; shown as it will lie on the sheet; cropped, and told what matters, on the picture.

import { act, upload } from "./api.js";
import { clear, h, icon } from "./dom.js";

/** Gives {element, photo, focus, use, leave}; `changed` is called when there is another photograph. */
export function photoPane(recent, changed) {
  let photo = null, cropping = null, spot = null, spotting = false;
  const pane = h("div", { class: "drop", dataset: { empty: "" } });
  const input = h("input", { type: "file", id: "photo-file", accept: "image/png,image/jpeg,image/webp,image/tiff,image/gif,image/bmp", class: "unseen", onchange: () => take(input.files[0]) });
  const tools = h("div", { class: "tools" });
  const strip = h("div", { class: "strip", role: "group", "aria-label": "Photographs dropped before" });
  const element = h("div", {}, pane, tools, strip, input);
  let photos = [...recent];

  async function take(file) {
    if (!file) return;
    pane.classList.add("busy");
    const told = await upload(file);
    pane.classList.remove("busy");
    input.value = "";
    if (told) use(told);
  }
  function use(told, focus) {
    photo = told;
    cropping = null;
    spot = focus ? place(...focus.split(",").map(Number)) : null;
    spotting = false;
    photos = [told, ...photos.filter((one) => one.photo !== told.photo)].slice(0, 12);
    draw();
    changed(photo);
  }
  const source = (one, width) => `/photo/${one.photo}?w=${width}`;

  function draw() {
    pane.toggleAttribute("data-empty", !photo);
    if (!photo) {
      clear(pane, h("label", { for: "photo-file", class: "ask" }, h("strong", {}, "Drop a photograph here"), h("span", {}, "or press to choose one; pasting works, too")));
      clear(tools);
    } else {
      const image = h("img", { src: source(photo, 960), alt: "The photograph to draw", width: photo.width, height: photo.height, draggable: "false" });
      const frame = h("div", { class: "photo" }, image);
      clear(pane, frame);
      if (cropping) cropping.attach(frame);
      else if (spot) spot.attach(frame, photo, spotting);
      clear(tools, spotting ? [
        h("span", { class: "hint" }, "Press on what matters most. Arrow keys move it, with Shift they size it."),
        h("button", { type: "button", class: "main small", onclick: () => { spotting = false; draw(); } }, "That matters"),
        h("button", { type: "button", class: "small", onclick: () => { spotting = false; spot = null; draw(); } }, "All alike"),
      ] : cropping ? [
        h("span", { class: "hint" }, "Drag over the part to keep. Arrow keys move it, with Shift they size it."),
        h("button", { type: "button", class: "main small", onclick: crop }, "Keep this part"),
        h("button", { type: "button", class: "small", onclick: () => { cropping = null; draw(); } }, "Leave it whole"),
      ] : [
        h("button", { type: "button", class: "small", onclick: () => { cropping = selection(); draw(); cropping.focus(); } }, icon("crop"), "Crop"),
        h("button", { type: "button", class: "small", onclick: () => { spot = spot || place(0.5, 0.5, 0.15); spotting = true; draw(); spot.focus(); } }, "Focus"),
        h("label", { for: "photo-file", class: "button small" }, "Another photograph"),
        h("button", { type: "button", class: "small", onclick: () => { photo = null; draw(); changed(null); } }, "None"),
      ]);
    }
    clear(strip, photos.filter((one) => !photo || one.photo !== photo.photo).slice(0, 8).map((one) =>
      h("button", { type: "button", class: "mini", "aria-label": `Take ${one.photo.slice(13, -4)}`, onclick: () => use(one) }, h("img", { src: source(one, 160), alt: "", loading: "lazy" }))));
  }
  async function crop() {
    const told = await act("crop", { photo: photo.photo, box: cropping.box() });
    if (told) use(told);
  }

  pane.addEventListener("dragover", (event) => { event.preventDefault(); pane.classList.add("over"); });
  pane.addEventListener("dragleave", () => pane.classList.remove("over"));
  pane.addEventListener("drop", (event) => { event.preventDefault(); pane.classList.remove("over"); take(event.dataTransfer.files[0]); });
  const paste = (event) => { if (event.clipboardData.files.length) take(event.clipboardData.files[0]); };
  document.addEventListener("paste", paste);
  draw();
  return { element, photo: () => photo, focus: () => (photo && spot ? spot.text() : undefined), use, leave: () => document.removeEventListener("paste", paste) };
}

/** A rectangle over a picture, in shares of its sides. */
function selection() {
  let x = 0.15, y = 0.15, width = 0.7, height = 0.7;
  const mark = h("div", { class: "crop", tabindex: "0", role: "application", "aria-label": "Part to keep: arrow keys move it, with Shift they size it" });
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const rounded = (share) => Math.round(share * 1e4) / 1e4;
  function place() {
    for (const [side, share] of [["left", x], ["top", y], ["width", width], ["height", height]]) mark.style.setProperty(side, `${share * 100}%`);
    mark.setAttribute("aria-valuetext", `${Math.round(width * 100)} by ${Math.round(height * 100)} per cent`);
  }
  mark.addEventListener("keydown", (event) => {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] || [0, 0];
    if (!dx && !dy) return;
    event.preventDefault();
    if (event.shiftKey) {
      width = clamp(width + dx * 0.02, 0.05, 1 - x);
      height = clamp(height + dy * 0.02, 0.05, 1 - y);
    } else {
      x = clamp(x + dx * 0.02, 0, 1 - width);
      y = clamp(y + dy * 0.02, 0, 1 - height);
    }
    place();
  });
  place();
  return {
    attach(frame) {
      frame.classList.add("cropping");
      frame.append(mark);
      frame.addEventListener("pointerdown", (event) => {
        const area = frame.getBoundingClientRect();
        const at = (e) => [clamp((e.clientX - area.left) / area.width, 0, 1), clamp((e.clientY - area.top) / area.height, 0, 1)];
        const [x0, y0] = at(event);
        event.preventDefault();
        frame.setPointerCapture(event.pointerId);
        const move = (e) => {
          const [x1, y1] = at(e);
          [x, y, width, height] = [Math.min(x0, x1), Math.min(y0, y1), Math.max(0.02, Math.abs(x1 - x0)), Math.max(0.02, Math.abs(y1 - y0))];
          width = Math.min(width, 1 - x);
          height = Math.min(height, 1 - y);
          place();
        };
        frame.addEventListener("pointermove", move);
        frame.addEventListener("pointerup", () => frame.removeEventListener("pointermove", move), { once: true });
      });
    },
    box: () => [x, y, width, height].map(rounded),
    focus: () => mark.focus(),
  };
}

/** A round place of a picture that matters: its middle in shares of width and height, its radius in shares of the shorter side. */
function place(x, y, radius) {
  const mark = h("div", { class: "spot", role: "application", "aria-label": "What matters: arrow keys move it, with Shift they size it" });
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  let aspect = 1;
  function show() {
    mark.style.setProperty("left", `${x * 100}%`);
    mark.style.setProperty("top", `${y * 100}%`);
    mark.style.setProperty("width", `${200 * radius * Math.min(1, 1 / aspect)}%`);
    mark.setAttribute("aria-valuetext", `${Math.round(x * 100)} from the left, ${Math.round(y * 100)} from above, ${Math.round(radius * 100)} wide`);
  }
  mark.addEventListener("keydown", (event) => {
    const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] || [0, 0];
    if (!dx && !dy) return;
    event.preventDefault();
    if (event.shiftKey) radius = clamp(radius + (dx - dy) * 0.02, 0.03, 0.6);
    else [x, y] = [clamp(x + dx * 0.02, 0, 1), clamp(y + dy * 0.02, 0, 1)];
    show();
  });
  return {
    attach(frame, photo, moves) {
      aspect = photo.width / photo.height;
      frame.classList.add("spotted");
      frame.append(mark);
      mark.toggleAttribute("data-moves", moves);
      if (moves) {
        mark.tabIndex = 0;
        frame.classList.add("spotting");
        const put = (event) => {
          const area = frame.getBoundingClientRect();
          [x, y] = [clamp((event.clientX - area.left) / area.width, 0, 1), clamp((event.clientY - area.top) / area.height, 0, 1)];
          show();
        };
        frame.addEventListener("pointerdown", (event) => {
          event.preventDefault();
          frame.setPointerCapture(event.pointerId);
          put(event);
          frame.addEventListener("pointermove", put);
          frame.addEventListener("pointerup", () => frame.removeEventListener("pointermove", put), { once: true });
        });
      } else mark.removeAttribute("tabindex");
      show();
    },
    text: () => [x, y, radius].map((share) => Math.round(share * 1e4) / 1e4).join(","),
    focus: () => mark.focus(),
  };
}
