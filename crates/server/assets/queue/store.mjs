// Owns what is known of the jobs of one organization, put together from lists that each show a part. Pure.

import { leftAt, queuedAt } from "./history.mjs";
import { tagKey } from "./tags.mjs";

/** How far a job is in its life; of two reports from the same round the farther one is the newer. */
const STAGE = { pending: 0, running: 1, canceling: 2, succeeded: 3, failed: 3, canceled: 3 };
/** More jobs than this are not kept; the oldest that have ended go first. */
const MOST = 25_000;

/** The jobs of one organization. */
export class Jobs {
  #entries = new Map();
  #round = 0;

  /** Begins a round of lists that are asked for together. */
  begin() {
    this.#round += 1;
  }

  /** Takes a list in. */
  add(jobs) {
    for (const job of jobs) {
      const known = this.#entries.get(job.id);
      const isOlder = known?.round === this.#round && known.left === null && STAGE[known.job.status] > STAGE[job.status];
      if (isOlder) continue;
      const key = known?.key ?? tagKey(job.tags);
      this.#entries.set(job.id, { job, key, from: queuedAt(job), to: leftAt(job), round: this.#round, left: null });
    }
  }

  /**
   * After a list with *all* jobs of these states: those that are known as such and were not seen in this round are something
   * else by now. Until it is known what, they count as having left at `now`.
   */
  settle(statuses, now) {
    for (const entry of this.#entries.values()) {
      if (entry.round < this.#round && entry.left === null && statuses.includes(entry.job.status)) entry.left = now;
    }
  }

  /** The newest jobs of which it is not known what became of them. */
  unsure(most) {
    const ids = [];
    for (const entry of this.#entries.values()) if (entry.left !== null) ids.push(entry.job.id);
    return ids.slice(-most);
  }

  /** Among these, the jobs that have not ended and were not seen in this round. */
  stale(ids) {
    return ids.filter((id) => {
      const entry = this.#entries.get(id);
      return entry !== undefined && entry.round < this.#round && STAGE[entry.job.status] < 3;
    });
  }

  /** Forgets jobs that were asked for and that the server no longer has. */
  forget(asked, answered) {
    const there = new Set(answered.map((job) => job.id));
    for (const id of asked) if (!there.has(id)) this.#entries.delete(id);
  }

  /** Forgets the oldest jobs that have ended when there are too many. */
  trim() {
    const excess = this.#entries.size - MOST;
    if (excess <= 0) return;
    const ended = [...this.#entries.values()].filter((entry) => STAGE[entry.job.status] === 3);
    ended.sort((a, b) => a.from - b.from);
    for (const entry of ended.slice(0, excess)) this.#entries.delete(entry.job.id);
  }

  get(id) {
    return this.#entries.get(id)?.job;
  }

  /** The entries that wait, with their keys. */
  waiting() {
    return [...this.#entries.values()].filter(isWaiting);
  }

  /** When which job waited: `{key, from, to}`. */
  waits() {
    return [...this.#entries.values()].map((entry) => ({
      key: entry.key,
      from: entry.from,
      to: entry.to === Number.POSITIVE_INFINITY && entry.left !== null ? entry.left : entry.to,
    }));
  }

  /** Every entry: `{job, key, from}`. */
  all() {
    return [...this.#entries.values()];
  }

  /** How many jobs have one of these states. */
  countOf(...statuses) {
    let sum = 0;
    for (const entry of this.#entries.values()) if (entry.left === null && statuses.includes(entry.job.status)) sum += 1;
    return sum;
  }
}

function isWaiting(entry) {
  return entry.job.status === "pending" && entry.left === null;
}

/** Whether a job can still be canceled. */
export function canBeCanceled(job) {
  return job.status === "pending" || job.status === "running";
}

/** Whether a job has come to its end. */
export function hasEnded(job) {
  return STAGE[job.status] === 3;
}
