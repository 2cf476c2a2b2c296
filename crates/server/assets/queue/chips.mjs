// Owns how tags and jobs are shown in a line.

import { h, setAttribute, setText } from "./dom.mjs";
import { duration, exact } from "./format.mjs";
import { notablePairs, pairText } from "./tags.mjs";

/** Tags as a list of small frames; all of them, with the usual ones, are in the tooltip. */
export function chips(tags) {
  const pairs = notablePairs(tags);
  const title = Object.entries(tags ?? {}).map(pairText).join("\n");
  if (pairs.length === 0) return h("span", { class: "chip none", title }, "untagged");
  return h("span", { class: "chips", title }, pairs.map((pair) => h("span", { class: "chip" }, pairText(pair))));
}

/** Sets a `time` element to how long ago `time` was; the tooltip has the exact time. */
export function setAge(element, time, now, words = (age) => age) {
  setText(element, words(duration(now - Date.parse(time))));
  setAttribute(element, "datetime", time);
  setAttribute(element, "title", exact(time));
}
