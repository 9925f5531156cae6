// A curve over steps.

import { clear, figure, s } from "./dom.js";

const WIDTH = 440, HEIGHT = 120, LEFT = 52, BOTTOM = 20, TOP = 10;

/** Draw `points` [[x, y], ...] into an svg, made when there is none yet; gives the svg. */
export function curve(svg, name, points) {
  const good = points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  svg = svg || s("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  if (good.length < 2) { clear(svg); return svg; }
  const xs = good.map(([x]) => x), ys = good.map(([, y]) => y);
  const low = Math.min(...ys), high = Math.max(...ys), from = Math.min(...xs), to = Math.max(...xs);
  const at = ([x, y]) => `${(LEFT + ((x - from) / (to - from || 1)) * (WIDTH - LEFT - 6)).toFixed(1)},${(HEIGHT - BOTTOM - ((y - low) / (high - low || 1)) * (HEIGHT - TOP - BOTTOM)).toFixed(1)}`;
  svg.setAttribute("aria-label", `${name}: from ${figure(ys[0])} to ${figure(ys[ys.length - 1])} in ${to} steps`);
  const base = HEIGHT - BOTTOM;
  clear(svg,
    s("path", { class: "axis", d: `M${LEFT},${TOP} V${base} H${WIDTH - 6}` }),
    s("polyline", { class: "curve", points: good.map(at).join(" ") }),
    s("circle", { class: "end", r: 3, cx: at(good[good.length - 1]).split(",")[0], cy: at(good[good.length - 1]).split(",")[1] }),
    s("text", { x: LEFT - 6, y: TOP + 4, "text-anchor": "end" }, figure(high)),
    s("text", { x: LEFT - 6, y: base, "text-anchor": "end" }, figure(low)),
    s("text", { x: LEFT, y: HEIGHT - 4 }, name),
    s("text", { x: WIDTH - 6, y: HEIGHT - 4, "text-anchor": "end" }, `${to} steps`));
  return svg;
}
