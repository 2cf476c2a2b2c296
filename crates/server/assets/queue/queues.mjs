// Owns the section "Queues": which colour each queue has, the plot, and the table of who waits for whom.

import { byId, h, keyed, setAttribute, setChildren, setText } from "./dom.mjs";
import { count, counted, duration, exact } from "./format.mjs";
import { waitingOverTime } from "./history.mjs";
import { sign } from "./icons.mjs";
import { Plot, numbersTable, swatch } from "./plot.mjs";
import { chips } from "./chips.mjs";
import { fits, tagText } from "./tags.mjs";
import { reason } from "./why.mjs";

/** Queues with a colour of their own; slot 6 is for all others together. */
const SLOTS = 6;
const STEPS = 180;
/** Rows of the table before "Show all". */
const ROWS = 8;

/** The queues of a picture: for each tag set what waits now and what waited. */
export function queues(picture, minutes, now) {
  const from = now - minutes * 60_000;
  const history = waitingOverTime(picture.jobs.waits(), { from, to: now, steps: STEPS });
  const found = new Map();
  const queue = (key) => {
    if (!found.has(key)) found.set(key, { key, tags: Object.fromEntries(JSON.parse(key)), waiting: [], values: null });
    return found.get(key);
  };
  for (const [key, values] of history) queue(key).values = values;
  for (const entry of picture.jobs.waiting()) queue(entry.key).waiting.push(entry);
  for (const one of found.values()) describe(one, picture.workers, now);
  return [...found.values()].sort(byUrgency);
}

function byUrgency(a, b) {
  return b.waiting.length - a.waiting.length || (a.key < b.key ? -1 : 1);
}

function describe(queue, workers, now) {
  queue.label = tagText(queue.tags);
  queue.fitting = workers.filter((worker) => fits(queue.tags, worker.tags ?? {}));
  const inOrder = (a, b) => a.job.queue_position - b.job.queue_position || a.from - b.from;
  const first = queue.waiting.reduce((best, entry) => (best === null || inOrder(entry, best) < 0 ? entry : best), null);
  queue.oldest = queue.waiting.reduce((oldest, entry) => Math.min(oldest, entry.from), Number.POSITIVE_INFINITY);
  queue.blocked = queue.waiting.filter((entry) => (entry.job.available_workers ?? []).length === 0).length;
  queue.why = first === null ? null : why(queue, first.job, workers, now);
}

/** Jobs with the same tags may need different provisioners, so that some are stuck and some are not. */
function why(queue, first, workers, now) {
  if (queue.blocked > 0 && queue.blocked < queue.waiting.length) {
    const stuck = queue.waiting.find((entry) => (entry.job.available_workers ?? []).length === 0);
    const text = `${count(queue.blocked)} of ${count(queue.waiting.length)} are stuck: ${reason(stuck.job, workers, now, { ahead: false }).text}`;
    return { blocked: true, text };
  }
  return reason(first, workers, now, { ahead: false });
}

/** The section on the page. */
export class QueuesView {
  #plot = new Plot(byId("plot"), byId("plot-readout"));
  #slots = new Map();
  #all = false;
  #drawn = null;

  constructor() {
    byId("all-queues").addEventListener("click", () => {
      this.#all = !this.#all;
      this.#rows();
    });
    byId("numbers").addEventListener("toggle", () => this.#numbers());
  }

  /** Forgets the colours, for another organization. */
  reset() {
    this.#slots.clear();
    this.#all = false;
  }

  show(list, { minutes, now, picture }) {
    this.#giveSlots(list);
    const series = this.#series(list);
    this.#drawn = { list, now, plot: { series, minutes, from: now - minutes * 60_000, to: now, unknownBefore: picture.past.since } };
    this.#plot.draw(this.#drawn.plot);
    setText(byId("plot-note"), note(minutes, picture));
    byId("no-queues").hidden = list.length > 0;
    this.#rows();
    this.#numbers();
  }

  slotOf(key) {
    return this.#slots.get(key) ?? SLOTS;
  }

  /** A queue keeps its colour as long as it is in the plot. */
  #giveSlots(list) {
    const present = new Set(list.map((queue) => queue.key));
    for (const key of this.#slots.keys()) if (!present.has(key)) this.#slots.delete(key);
    const taken = new Set(this.#slots.values());
    const free = [...Array(SLOTS).keys()].filter((slot) => !taken.has(slot));
    const bySize = [...list].sort((a, b) => sum(b.values) - sum(a.values));
    for (const queue of bySize) {
      if (free.length === 0) break;
      if (!this.#slots.has(queue.key)) this.#slots.set(queue.key, free.shift());
    }
  }

  #series(list) {
    const empty = () => new Array(STEPS).fill(0);
    const own = list.filter((queue) => this.#slots.has(queue.key));
    own.sort((a, b) => this.slotOf(a.key) - this.slotOf(b.key));
    const series = own.map((queue) => ({ slot: this.slotOf(queue.key), label: queue.label, values: queue.values ?? empty() }));
    const others = list.filter((queue) => !this.#slots.has(queue.key) && queue.values !== null);
    if (others.length === 0) return series;
    const values = empty().map((_, step) => others.reduce((total, queue) => total + queue.values[step], 0));
    return [...series, { slot: SLOTS, label: `${others.length} other queues`, values }];
  }

  #rows() {
    const { list, now } = this.#drawn;
    const shown = this.#all ? list : list.slice(0, ROWS);
    keyed(byId("queue-rows"), shown, (queue) => queue.key, (queue) => this.#create(queue), (row, queue) => this.#update(row, queue, now));
    const more = byId("all-queues");
    more.hidden = list.length <= ROWS;
    setAttribute(more, "aria-expanded", this.#all);
    setText(more, this.#all ? "Show fewer" : `Show all ${count(list.length)} queues`);
  }

  #create(queue) {
    const cell = (name, label, ...children) => h("td", { class: name, role: "cell", "data-label": label }, ...children);
    return h(
      "tr",
      { role: "row" },
      h("th", { scope: "row", role: "rowheader" }, h("div", { class: "queue-tags" }, h("span", { class: "sample" }), chips(queue.tags))),
      cell("number waiting", "Waiting"),
      cell("number oldest", "Oldest waits", h("time")),
      cell("workers", "Workers that fit"),
      cell("why", "Why"),
    );
  }

  #update(row, queue, now) {
    const slot = this.slotOf(queue.key);
    const find = (name) => row.querySelector(name);
    setChildren(find(".sample"), String(slot), () => swatch(slot));
    setText(find(".waiting"), count(queue.waiting.length));
    const oldest = find(".oldest time");
    setText(oldest, queue.waiting.length === 0 ? "–" : duration(now - queue.oldest));
    setAttribute(oldest, "title", queue.waiting.length === 0 ? null : `queued at ${exact(queue.oldest)}`);
    setText(find(".workers"), fittingText(queue.fitting));
    setChildren(find(".why"), JSON.stringify(queue.why), () => whyText(queue.why));
  }

  /** The table costs something and is rarely open. */
  #numbers() {
    const place = byId("numbers");
    if (!place.open || this.#drawn === null) return;
    place.querySelector(".scroll").replaceChildren(numbersTable(this.#drawn.plot));
  }
}

/** A reason with its sign: a triangle when waiting does not help. */
export function whyText(why) {
  if (why === null) return h("span", { class: "faint" }, "Nothing waits.");
  if (!why.blocked) return h("span", {}, why.text);
  return h("span", { class: "stuck" }, sign("blocked"), h("span", {}, h("span", { class: "unseen" }, "Stuck: "), why.text));
}

function fittingText(workers) {
  if (workers.length === 0) return "none";
  const of = (status) => workers.filter((worker) => worker.status === status).length;
  const parts = ["idle", "busy", "offline"].filter((status) => of(status) > 0).map((status) => `${of(status)} ${status}`);
  return parts.join(", ");
}

function note(minutes, picture) {
  const seconds = (minutes * 60) / STEPS;
  const step = seconds < 60 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
  const parts = [`Each step is ${step} wide and shows the most that waited at once. Local time.`];
  if (picture.past.since > picture.at - minutes * 60_000) {
    parts.push(`Of jobs queued before ${exact(picture.past.since)} only those are counted that still wait.`);
  }
  if (!picture.waiting.complete) {
    parts.push(`So many jobs wait that all of them were last counted ${duration(picture.at - picture.waiting.at)} ago.`);
  }
  return parts.join(" ");
}

function sum(values) {
  return (values ?? []).reduce((total, value) => total + value, 0);
}

/** The line of numbers at the top. */
export function showSummary(list, picture, now) {
  const { jobs, workers } = picture;
  const waiting = list.reduce((total, queue) => total + queue.waiting.length, 0);
  const stuck = list.reduce((total, queue) => total + queue.blocked, 0);
  const oldest = Math.min(...list.map((queue) => queue.oldest));
  const of = (status) => workers.filter((worker) => worker.status === status).length;
  setText(byId("now-waiting"), count(waiting));
  setText(byId("now-oldest"), waiting === 0 ? "nothing waits" : `the oldest for ${duration(now - oldest)}`);
  setText(byId("now-stuck"), count(stuck));
  setText(byId("now-stuck-note"), stuck === 0 ? "somebody can take each" : "no live worker can take them");
  byId("now-stuck").closest("div").classList.toggle("alarm", stuck > 0);
  setText(byId("now-running"), count(jobs.countOf("running", "canceling")));
  const canceling = jobs.countOf("canceling");
  setText(byId("now-canceling"), canceling === 0 ? "none being canceled" : `${count(canceling)} being canceled`);
  setText(byId("now-workers"), count(of("idle") + of("busy")));
  setText(byId("now-workers-note"), `${of("idle")} idle, ${of("busy")} busy, ${counted(of("offline"), "offline", "offline")}`);
}
