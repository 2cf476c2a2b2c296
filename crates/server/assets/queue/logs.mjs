// Owns the log of one job: reads it, follows it while the job runs, and shows its end.

import { byId, h, setText } from "./dom.mjs";
import { clockTime, counted, exact } from "./format.mjs";

/** Milliseconds between two looks while the job runs. */
const INTERVAL = 2000;
/** Lines that are kept on the page. */
const MOST = 5000;
/** What terminals take for colours and the like. */
const ESCAPES = /\u001b\[[0-9;?]*[ -/]*[@-~]/g;

/** Follows the log of one job at a time. */
export class Log {
  #reading = null;
  #lines = 0;
  #after = 0;
  #stage = null;

  /** Reads the log of this job. `isOver` tells whether more can come. */
  open(api, organization, job, isOver) {
    this.close();
    const reading = new AbortController();
    this.#reading = reading;
    this.#lines = 0;
    this.#after = 0;
    this.#stage = null;
    byId("log-lines").replaceChildren();
    setText(byId("log-note"), "Reading the log…");
    this.#follow(api, organization, job, isOver, reading.signal);
  }

  close() {
    this.#reading?.abort();
    this.#reading = null;
  }

  async #follow(api, organization, job, isOver, signal) {
    while (!signal.aborted) {
      // Asked before the lines: what a job writes before its end is then among them.
      const over = isOver();
      let wait = INTERVAL;
      try {
        if (!document.hidden || this.#lines === 0) this.#add(await api.logs(organization, job, this.#after, signal));
        if (signal.aborted) return;
        this.#note(over ? "" : " The job is not over; new lines appear here.");
        if (over) return;
      } catch (error) {
        if (signal.aborted) return;
        setText(byId("log-note"), error.status === 404 ? "No log can be read." : `${error.message} Trying again.`);
        if (error.status === 404 || error.status === 401) return;
        wait = Math.max(2 * INTERVAL, error.retryAfter ?? 0);
      }
      await new Promise((resume) => setTimeout(resume, wait));
    }
  }

  #note(rest) {
    const all = this.#lines === 0 ? "The log is empty." : `${counted(this.#lines, "line")}.`;
    const cut = this.#lines > MOST ? ` The last ${counted(MOST, "line")} are shown.` : "";
    setText(byId("log-note"), all + cut + rest);
  }

  #add(lines) {
    if (!Array.isArray(lines) || lines.length === 0) return;
    const place = byId("log-lines");
    const isAtEnd = place.scrollTop + place.clientHeight >= place.scrollHeight - 8;
    place.append(...lines.slice(-MOST).flatMap((line) => this.#line(line)));
    while (place.childElementCount > MOST) place.firstElementChild.remove();
    this.#lines += lines.length;
    this.#after = lines.at(-1).id;
    if (isAtEnd) place.scrollTop = place.scrollHeight;
  }

  #line(line) {
    const parts = [];
    if (line.stage !== "" && line.stage !== this.#stage) parts.push(h("div", { class: "stage" }, line.stage));
    this.#stage = line.stage;
    const level = ["warn", "error"].includes(line.log_level) ? `${line.log_level} ` : "";
    parts.push(
      h(
        "div",
        { class: `line ${["trace", "debug", "warn", "error"].includes(line.log_level) ? line.log_level : ""}` },
        h("time", { datetime: line.created_at, title: exact(line.created_at) }, clockTime(line.created_at, true)),
        h("span", {}, h("span", { class: "level" }, level), line.output.replace(ESCAPES, "")),
      ),
    );
    return parts;
  }
}
