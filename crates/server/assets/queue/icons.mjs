// Owns the small signs beside states. They differ in shape, not only in colour, and the word always stands beside them.

import { h, s } from "./dom.mjs";

const SHAPES = {
  pending: [["circle", { cx: 6, cy: 6, r: 4.25 }]],
  running: [["circle", { cx: 6, cy: 6, r: 4.25 }], ["path", { class: "full", d: "M6,1.75A4.25,4.25 0 0 1 6,10.25Z" }]],
  succeeded: [["path", { d: "M1.75,6.5L4.75,9.5L10.25,2.75" }]],
  failed: [["path", { d: "M2.25,2.25L9.75,9.75M9.75,2.25L2.25,9.75" }]],
  canceling: [["circle", { cx: 6, cy: 6, r: 4.25, "stroke-dasharray": "2 1.6" }]],
  canceled: [["circle", { cx: 6, cy: 6, r: 4.25 }], ["path", { d: "M3,9L9,3" }]],
  idle: [["circle", { cx: 6, cy: 6, r: 4.25 }]],
  busy: [["circle", { class: "full", cx: 6, cy: 6, r: 4.25 }]],
  offline: [["path", { d: "M2,6H10" }]],
  blocked: [["path", { d: "M6,1.25L11.25,10.5H0.75ZM6,4.75V7.25M6,8.9V9.1" }]],
};

/** A state: its sign and its word. */
export function state(name) {
  const shapes = Object.hasOwn(SHAPES, name) ? SHAPES[name] : [];
  return h("span", { class: `state ${Object.hasOwn(SHAPES, name) ? name : ""}` }, icon(shapes), name);
}

/** The sign of a state alone, for beside other words. */
export function sign(name) {
  return h("span", { class: `state ${name}` }, icon(SHAPES[name]));
}

function icon(shapes) {
  return s(
    "svg",
    { class: "icon", width: 12, height: 12, viewBox: "0 0 12 12", "aria-hidden": "true" },
    shapes.map(([name, attributes]) => s(name, attributes)),
  );
}
