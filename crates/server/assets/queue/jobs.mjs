// Owns the section "Jobs": the list with its filters and pages.

import { byId, h, keyed, setAttribute, setChildren, setText } from "./dom.mjs";
import { chips, setAge } from "./chips.mjs";
import { count, counted, shortId, subject, typeText } from "./format.mjs";
import { state } from "./icons.mjs";
import { whyText } from "./queues.mjs";
import { reason } from "./why.mjs";

/** Jobs on one page: enough to look through, few enough to draw at once. */
const PAGE = 25;

/** The entries that pass the filters, in the order of the list. Pure. */
export function select(entries, { status, search }) {
  const states = status === "running" ? ["running", "canceling"] : [status];
  const wanted = search.trim().toLowerCase();
  const found = entries.filter(({ job }) => (status === "" || states.includes(job.status)) && matches(job, wanted));
  const newestFirst = (a, b) => b.from - a.from || (a.job.id < b.job.id ? 1 : -1);
  const frontFirst = (a, b) => a.job.queue_position - b.job.queue_position || a.from - b.from;
  return found.sort(status === "pending" ? frontFirst : newestFirst);
}

function matches(job, wanted) {
  if (wanted === "") return true;
  const texts = [job.id, job.worker_name, job.metadata?.template_name, job.metadata?.template_display_name, job.metadata?.workspace_name];
  return texts.some((text) => text?.toLowerCase().includes(wanted));
}

/** The section on the page. */
export class JobsView {
  #page = 0;
  #shown = [];
  #last = null;

  constructor(onOpen) {
    this.onOpen = onOpen;
    byId("previous").addEventListener("click", () => this.#turn(-1));
    byId("next").addEventListener("click", () => this.#turn(1));
  }

  /** Back to the first page, for another filter or organization. */
  reset() {
    this.#page = 0;
  }

  /** The ids of the jobs on this page. */
  get shown() {
    return this.#shown;
  }

  show(picture, view, now) {
    this.#last = { picture, view, now };
    const all = select(picture.jobs.all().filter((entry) => entry.left === null), view);
    const pages = Math.max(1, Math.ceil(all.length / PAGE));
    this.#page = Math.min(this.#page, pages - 1);
    const page = all.slice(this.#page * PAGE, (this.#page + 1) * PAGE);
    this.#shown = page.map((entry) => entry.job.id);
    keyed(byId("job-rows"), page, (entry) => entry.job.id, (entry) => this.#create(entry), (row, { job }) => update(row, job, picture.workers, now));
    byId("no-jobs").hidden = all.length > 0;
    byId("jobs-table").hidden = all.length === 0;
    setText(byId("no-jobs"), view.search === "" ? "No jobs." : "No job that is known here matches. A full id finds any job.");
    this.#pager(all.length, page.length, pages);
    setText(byId("jobs-note"), coverage(picture));
    return all.length;
  }

  #pager(total, here, pages) {
    byId("pager").hidden = pages === 1;
    const first = this.#page * PAGE;
    setText(byId("page"), total === 0 ? "" : `${count(first + 1)}–${count(first + here)} of ${count(total)}`);
    byId("previous").disabled = this.#page === 0;
    byId("next").disabled = this.#page >= pages - 1;
  }

  #turn(by) {
    this.#page += by;
    const { picture, view, now } = this.#last;
    this.show(picture, view, now);
    byId("jobs-table").scrollIntoView({ block: "nearest" });
  }

  #create({ job }) {
    const cell = (name, label, ...children) => h("td", { class: name, role: "cell", "data-label": label }, ...children);
    const open = h("button", { type: "button", class: "link", "aria-haspopup": "dialog", click: () => this.onOpen(job.id) });
    return h(
      "tr",
      { role: "row" },
      cell("status", "Status"),
      h("th", { scope: "row", role: "rowheader", class: "job" }, open),
      cell("id", "Id ends in", shortId(job.id)),
      cell("type", "Type", typeText(job.type)),
      cell("tags", "Tags", chips(job.tags)),
      cell("number place", "Place"),
      cell("number age", "Age", h("time")),
      cell("who", "Worker"),
    );
  }
}

function update(row, job, workers, now) {
  const find = (name) => row.querySelector(name);
  setChildren(find(".status"), job.status, () => state(job.status));
  setText(find(".job button"), subject(job.metadata) || "No template");
  setAttribute(find(".job button"), "title", job.id);
  const place = job.status === "pending" ? `${count(job.queue_position)} of ${count(job.queue_size)}` : "";
  setText(find(".place"), place);
  setAge(find(".age time"), job.created_at, now);
  if (job.status === "pending") {
    const why = reason(job, workers, now);
    setChildren(find(".who"), JSON.stringify(why), () => whyText(why));
  } else {
    setChildren(find(".who"), `worker ${job.worker_name} ${job.error}`, () => outcome(job));
  }
}

function outcome(job) {
  const worker = h("span", {}, job.worker_name || "never taken");
  return job.error ? [worker, h("span", { class: "error-line", title: job.error }, job.error)] : [worker];
}

function coverage(picture) {
  if (picture.past.since === 0) return "";
  return `The list has all jobs that wait or run, and the ${counted(picture.jobs.all().length, "job")} that were queued last. Search for a full id to see any other.`;
}
