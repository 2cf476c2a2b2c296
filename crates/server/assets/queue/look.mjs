// Owns what is asked of the server in one look at an organization, so that it stays cheap however many jobs there are.
//
// The API lists jobs newest first and has no pages. So each look asks for the newest jobs, for those that run and for the
// newest that wait; jobs that were known and are missing from a complete list are asked for by id. Where more jobs wait than
// a look asks for, all of them are asked for now and then, since the front of the queue is at the end of that list.

import { Jobs } from "./store.mjs";

const NEWEST = 100;
const RUNNING = 500;
const WAITING = 300;
/** The most waiting jobs that are ever asked for, and how often, in milliseconds. */
const ALL_WAITING = 20_000;
const ALL_EVERY = 30_000;
/** Jobs for the past, by the length of the plot in minutes. */
const PAST = [[15, 1000], [60, 3000], [Infinity, 10_000]];
/** Ids in one request. */
const IDS = 100;

/** What is known of one organization. */
export class Picture {
  jobs = new Jobs();
  workers = [];
  /** The server's time of the last look. */
  at = 0;
  /** The server's time of the last list of all waiting jobs, and whether it had all of them. */
  waiting = { at: 0, complete: true };
  /**
   * From when on every job is known, how far back was asked (in minutes, 0 for not at all) and when, and whether jobs may
   * have come and gone unseen since.
   */
  past = { since: 0, minutes: 0, at: 0, hasGap: false };

  constructor(api, organization) {
    this.api = api;
    this.organization = organization;
  }

  /**
   * Looks. `minutes` is the length of the plot, `status` the state that the list of jobs is limited to, or an empty text;
   * `shown` are the ids of the jobs on the page, `wanted` is an id that was searched for.
   */
  async look({ minutes, status, shown, wanted }, signal) {
    const { api, jobs } = this;
    const ask = (filters) => api.jobs(this.organization, filters, signal);
    const mayRepeat = this.past.hasGap && api.now() - this.past.at >= ALL_EVERY;
    if (this.past.minutes < minutes || mayRepeat) await this.#lookBack(Math.max(minutes, this.past.minutes), ask);
    jobs.begin();
    const ended = ["failed", "succeeded", "canceled"].includes(status);
    const [newest, running, waiting, workers, filtered] = await Promise.all([
      ask({ limit: NEWEST }),
      ask({ limit: RUNNING, status: "running,canceling" }),
      ask({ limit: WAITING, status: "pending" }),
      api.workers(this.organization, signal),
      ended ? ask({ limit: WAITING, status }) : [],
    ]);
    // The tab may have been hidden, or more jobs came than are asked for.
    if (newest.length === NEWEST && jobs.get(newest.at(-1).id) === undefined) this.past.hasGap = true;
    // In the order of a job's life, so that the same round never sets one back.
    for (const list of [waiting, running, newest, filtered]) jobs.add(list);
    this.workers = workers;
    const now = api.now();
    if (running.length < RUNNING) jobs.settle(["running", "canceling"], now);
    if (waiting.length < WAITING) {
      jobs.settle(["pending"], now);
      this.waiting = { at: now, complete: true };
    } else if (now - this.waiting.at >= ALL_EVERY || this.waiting.complete) {
      await this.#lookAtAllWaiting(ask);
    }
    await this.#lookUp(ask, shown, wanted);
    jobs.trim();
    this.at = now;
  }

  async #lookBack(minutes, ask) {
    const [, limit] = PAST.find(([length]) => minutes <= length);
    this.jobs.begin();
    const past = await ask({ limit });
    this.jobs.add(past);
    const since = past.length < limit ? 0 : Date.parse(past.at(-1).created_at);
    this.past = { since, minutes, at: this.api.now(), hasGap: false };
  }

  async #lookAtAllWaiting(ask) {
    const all = await ask({ limit: ALL_WAITING, status: "pending" });
    const complete = all.length < ALL_WAITING;
    this.jobs.add(all);
    if (complete) this.jobs.settle(["pending"], this.api.now());
    this.waiting = { at: this.api.now(), complete: false };
  }

  async #lookUp(ask, shown, wanted) {
    const ids = new Set([...this.jobs.stale(shown), ...this.jobs.unsure(IDS)]);
    if (wanted !== "" && this.jobs.get(wanted) === undefined) ids.add(wanted);
    const asked = [...ids].slice(0, IDS);
    if (asked.length === 0) return;
    const answered = await ask({ limit: IDS, ids: asked.join(",") });
    this.jobs.add(answered);
    this.jobs.forget(asked, answered);
  }
}
