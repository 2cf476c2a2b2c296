// Owns the picture of the queues over time: a stacked area in SVG, its axes, and the reading of single moments.

import { h, s, setText } from "./dom.mjs";
import { clockTime, count, counted } from "./format.mjs";
import { stacked, ticks } from "./history.mjs";

const LEFT = 44;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 30;
/** Minutes between two marks of the time axis, by the length of the plot in minutes: in a wide and in a narrow plot. */
const MARKS = { 15: [1, 5], 60: [5, 15], 360: [30, 120], 1440: [120, 360] };
const NARROW = 560;

/** The plot in this element, with its parts. */
export class Plot {
  #frame;
  #svg = s("svg", { "aria-hidden": "true", focusable: "false" });
  #cursor = s("line", { class: "cursor", y1: TOP });
  #readout;
  #drawn = null;
  #step = null;

  constructor(frame, readout) {
    this.#frame = frame;
    this.#readout = readout;
    frame.append(this.#svg);
    new ResizeObserver(() => this.#drawn && this.draw(this.#drawn)).observe(frame);
    frame.addEventListener("pointermove", (event) => this.#point(event.offsetX));
    frame.addEventListener("pointerleave", () => this.#show(null));
    frame.addEventListener("blur", () => this.#show(null));
    frame.addEventListener("keydown", (event) => this.#key(event));
  }

  /**
   * Draws. `series` are `{slot, label, values}` from the bottom up, `from` and `to` the ends of the time axis, `minutes` its
   * length, `unknownBefore` the time before which jobs are missing.
   */
  draw(plot) {
    this.#drawn = plot;
    const width = Math.max(260, this.#frame.clientWidth);
    const height = Math.max(160, this.#frame.clientHeight);
    this.#svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.#svg.setAttribute("width", width);
    this.#svg.setAttribute("height", height);
    const steps = plot.series[0]?.values.length ?? 1;
    const layers = stacked(plot.series.map((one) => one.values), steps);
    const most = Math.max(0, ...(layers.at(-1)?.upper ?? []));
    const marks = ticks(most, height < 200 ? 3 : 5);
    const bottom = height - BOTTOM;
    const x = (time) => LEFT + ((time - plot.from) / (plot.to - plot.from)) * (width - LEFT - RIGHT);
    const y = (value) => bottom - (value / marks.at(-1)) * (bottom - TOP);
    this.#place = { width, bottom, steps };
    this.#svg.replaceChildren(
      patterns(),
      grid(marks, y, width),
      ...layers.flatMap((layer, index) => area(layer, plot.series[index].slot, steps, width, y)),
      s("line", { class: "axis", x1: LEFT, x2: width - RIGHT, y1: bottom, y2: bottom }),
      timeAxis(plot, x, width, bottom),
      unknown(plot, x, bottom),
      this.#cursor,
    );
    this.#show(this.#step);
  }

  #place = { width: 0, bottom: 0, steps: 1 };

  #point(offset) {
    const { width, steps } = this.#place;
    const share = (offset - LEFT) / (width - LEFT - RIGHT);
    this.#show(share < 0 || share > 1 ? null : Math.min(steps - 1, Math.floor(share * steps)));
  }

  #key(event) {
    const { steps } = this.#place;
    const here = this.#step ?? steps - 1;
    const far = Math.ceil(steps / 12);
    const to = {
      ArrowLeft: here - 1, ArrowRight: here + 1, ArrowDown: here - 1, ArrowUp: here + 1,
      PageDown: here - far, PageUp: here + far, Home: 0, End: steps - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#show(Math.max(0, Math.min(steps - 1, to)));
  }

  /** Reads one step out; null for none. */
  #show(step) {
    this.#step = step;
    const plot = this.#drawn;
    if (plot === null) return;
    const { width, bottom, steps } = this.#place;
    this.#cursor.setAttribute("visibility", step === null ? "hidden" : "visible");
    const at = step ?? steps - 1;
    const text = moment(plot, at, steps);
    this.#frame.setAttribute("aria-valuemax", steps - 1);
    this.#frame.setAttribute("aria-valuenow", at);
    this.#frame.setAttribute("aria-valuetext", text);
    setText(this.#readout, step === null ? "" : text);
    if (step === null) return;
    const x = LEFT + ((step + 0.5) / steps) * (width - LEFT - RIGHT);
    for (const name of ["x1", "x2"]) this.#cursor.setAttribute(name, x);
    this.#cursor.setAttribute("y2", bottom);
  }
}

function moment(plot, step, steps) {
  const time = plot.from + ((step + 1) / steps) * (plot.to - plot.from);
  const parts = plot.series.filter((one) => one.values[step] > 0);
  const total = parts.reduce((sum, one) => sum + one.values[step], 0);
  const list = parts.map((one) => `${one.label} ${count(one.values[step])}`).join(", ");
  return `${clockTime(time, plot.minutes <= 60)}: ${counted(total, "job")} waiting${list === "" ? "" : ` (${list})`}`;
}

/** One layer: an area in its colour, the same area in its pattern, and its upper edge. */
function area(layer, slot, steps, width, y) {
  const x = (step) => (LEFT + (step / steps) * (width - LEFT - RIGHT)).toFixed(1);
  const edge = (values) => values.flatMap((value, step) => [`${x(step)},${y(value).toFixed(1)}`, `${x(step + 1)},${y(value).toFixed(1)}`]);
  const upper = edge(layer.upper);
  const outline = `M${upper.join("L")}L${edge(layer.lower).reverse().join("L")}Z`;
  return [
    s("path", { class: `area slot-${slot}`, d: outline }),
    s("path", { class: "pattern", d: outline, fill: `url(#pattern-${slot})` }),
    s("path", { class: `edge slot-${slot}`, d: edges(layer, upper) }),
  ];
}

/** The upper edge where there is something below it; elsewhere it would be drawn over the edge of another layer. */
function edges(layer, upper) {
  const isEmpty = (step) => layer.upper[step] === layer.lower[step];
  const parts = layer.upper.map((_, step) => {
    if (isEmpty(step)) return "";
    const begins = step === 0 || isEmpty(step - 1);
    return `${begins ? "M" : "L"}${upper[2 * step]}L${upper[2 * step + 1]}`;
  });
  return parts.join("");
}

function grid(marks, y, width) {
  return s(
    "g",
    {},
    marks.slice(1).map((mark) => s("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(mark), y2: y(mark) })),
    marks.map((mark) => s("text", { class: "tick", x: LEFT - 8, y: y(mark) + 4, "text-anchor": "end" }, count(mark))),
  );
}

function timeAxis(plot, x, width, bottom) {
  const every = MARKS[plot.minutes][width < NARROW ? 1 : 0] * (width < 900 && width >= NARROW ? 2 : 1) * 60_000;
  // Marks on whole local hours also where the time zone is off by half an hour.
  const offset = new Date(plot.to).getTimezoneOffset() * 60_000;
  const first = Math.ceil((plot.from - offset) / every) * every + offset;
  const marks = [];
  for (let time = first; time <= plot.to; time += every) marks.push(time);
  return s(
    "g",
    {},
    marks.map((time) => s("line", { class: "axis", x1: x(time), x2: x(time), y1: bottom, y2: bottom + 4 })),
    marks
      .filter((time) => x(time) > LEFT + 12 && x(time) < width - RIGHT - 12)
      .map((time) => s("text", { class: "tick", x: x(time), y: bottom + 18, "text-anchor": "middle" }, clockTime(time))),
  );
}

function unknown(plot, x, bottom) {
  if (plot.unknownBefore <= plot.from) return s("g");
  const end = Math.min(plot.unknownBefore, plot.to);
  return s("rect", { class: "unknown", x: LEFT, y: TOP, width: x(end) - LEFT, height: bottom - TOP, fill: "url(#pattern-unknown)" });
}

/** A pattern for each slot, so that the layers can be told apart without their colours. */
const PATTERNS = [
  [],
  [["path", { d: "M-2,2L2,-2M0,8L8,0M6,10L10,6" }]],
  [["circle", { cx: 2, cy: 2, r: 1.2 }], ["circle", { cx: 6, cy: 6, r: 1.2 }]],
  [["path", { d: "M-2,6L2,10M0,0L8,8M6,-2L10,2" }]],
  [["path", { d: "M0,4H8" }]],
  [["path", { d: "M0,4H8M4,0V8" }]],
  [["path", { d: "M4,0V8" }]],
];

function patterns() {
  const one = (id, shapes, kind) =>
    s(
      "pattern",
      { id, class: kind, width: 8, height: 8, patternUnits: "userSpaceOnUse" },
      shapes.map(([name, attributes]) => s(name, attributes)),
    );
  return s(
    "defs",
    {},
    PATTERNS.map((shapes, slot) => one(`pattern-${slot}`, shapes, "lines")),
    one("pattern-unknown", PATTERNS[1], "faint"),
  );
}

/** The sample of a slot beside a name. */
export function swatch(slot) {
  const box = { x: 0.5, y: 0.5, width: 15, height: 15, rx: 2 };
  return s(
    "svg",
    { class: "swatch", width: 16, height: 16, viewBox: "0 0 16 16", "aria-hidden": "true" },
    s("rect", { class: `area slot-${slot}`, ...box }),
    s("rect", { class: "pattern", fill: `url(#pattern-${slot})`, ...box }),
    s("rect", { class: `edge slot-${slot}`, ...box }),
  );
}

/** The numbers behind the plot as rows of a table: `[time, total, …one for each series]`, one row for each of `rows` moments. */
export function numbers(plot, rows) {
  const steps = plot.series[0]?.values.length ?? 1;
  return Array.from({ length: rows }, (_, row) => {
    const first = Math.floor((row * steps) / rows);
    const end = Math.floor(((row + 1) * steps) / rows);
    const values = plot.series.map((one) => Math.max(...one.values.slice(first, end)));
    const time = plot.from + (first / steps) * (plot.to - plot.from);
    return [clockTime(time), ...values.map(count)];
  });
}

/** A table of the numbers. */
export function numbersTable(plot) {
  const head = ["From", ...plot.series.map((one) => one.label)];
  return h(
    "table",
    { class: "numbers" },
    h("caption", {}, "Most jobs that waited at once, by queue and time (local)"),
    h("thead", {}, h("tr", {}, head.map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, numbers(plot, 15).map(([time, ...values]) =>
      h("tr", {}, h("th", { scope: "row" }, time), values.map((value) => h("td", {}, value))))),
  );
}
