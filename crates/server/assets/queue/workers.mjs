// Owns the section "Workers": who is there, and what each does.

import { byId, h, keyed, setAttribute, setChildren, setText } from "./dom.mjs";
import { chips, setAge } from "./chips.mjs";
import { counted } from "./format.mjs";
import { state } from "./icons.mjs";

/** Workers that are listed before "Show all". */
const ROWS = 10;
const ORDER = { busy: 0, idle: 1, offline: 2 };

/** The section on the page. */
export class WorkersView {
  #all = false;
  #last = null;

  constructor(onOpen) {
    this.onOpen = onOpen;
    byId("all-workers").addEventListener("click", () => {
      this.#all = !this.#all;
      this.show(this.#last.workers, this.#last.now);
    });
  }

  show(workers, now) {
    this.#last = { workers, now };
    const sorted = [...workers].sort((a, b) => ORDER[a.status] - ORDER[b.status] || (a.name < b.name ? -1 : 1));
    const shown = this.#all ? sorted : sorted.slice(0, ROWS);
    keyed(byId("worker-rows"), shown, (worker) => worker.id, (worker) => this.#create(worker), (row, worker) => this.#update(row, worker, now));
    byId("no-workers").hidden = workers.length > 0;
    byId("workers-table").hidden = workers.length === 0;
    const more = byId("all-workers");
    more.hidden = workers.length <= ROWS;
    setAttribute(more, "aria-expanded", this.#all);
    setText(more, this.#all ? "Show fewer" : `Show all ${counted(workers.length, "worker")}`);
  }

  #create(worker) {
    const cell = (name, label, ...children) => h("td", { class: name, role: "cell", "data-label": label }, ...children);
    return h(
      "tr",
      { role: "row" },
      cell("status", "Status"),
      h("th", { scope: "row", role: "rowheader", class: "name" }, worker.name),
      cell("id", "Version", worker.version),
      cell("tags", "Tags", chips(worker.tags)),
      cell("provisioners", "Runs", (worker.provisioners ?? []).join(", ")),
      cell("number seen", "Last seen", h("time")),
      cell("current", "Job now"),
      cell("previous", "Job before"),
    );
  }

  #update(row, worker, now) {
    const find = (name) => row.querySelector(name);
    setChildren(find(".status"), worker.status, () => state(worker.status));
    if (worker.last_seen_at) setAge(find(".seen time"), worker.last_seen_at, now, (age) => `${age} ago`);
    else setText(find(".seen time"), "never");
    this.#job(find(".current"), worker.current_job);
    this.#job(find(".previous"), worker.previous_job);
  }

  #job(cell, job) {
    setChildren(cell, JSON.stringify(job ?? null), () => {
      if (!job) return h("span", { class: "faint" }, "–");
      const name = job.template_display_name || job.template_name || "No template";
      const open = h("button", { type: "button", class: "link", title: job.id, "aria-haspopup": "dialog", click: () => this.onOpen(job.id) }, name);
      return h("span", { class: "worker-job" }, open, " ", state(job.status));
    });
  }
}
