// Owns the answer to "why does this job wait?", in words. Pure: a job, the workers, the time.
//
// The API does not say which provisioner a job needs, so tags alone cannot tell whether somebody can take it. A job's
// `available_workers` can; tags only explain why they are none.

import { counted, duration } from "./format.mjs";
import { fits, has, isUntagged, notablePairs, pairText } from "./tags.mjs";

/** An idle worker that fits takes a job at once; after so many milliseconds something is odd. */
const PATIENCE = 30_000;

/**
 * Why a pending job waits.
 *
 * `blocked` is true when no live worker can take it, so that waiting alone does not help. With `ahead: false` the answer
 * leaves out how many jobs are ahead: it is then true of the job's whole queue.
 */
export function reason(job, workers, now, { ahead = true } = {}) {
  const available = job.available_workers ?? [];
  if (available.length > 0) return { blocked: false, text: inTurn(job, available, workers, now, ahead) };
  return { blocked: true, text: nobody(job.tags ?? {}, workers, now) };
}

function inTurn(job, available, workers, now, ahead) {
  const ids = new Set(available);
  const fitting = workers.filter((worker) => ids.has(worker.id));
  const idle = fitting.filter((worker) => worker.status === "idle");
  const before = Math.max(0, (job.queue_position ?? 1) - 1);
  const place = before === 0 ? "this job is next" : `${counted(before, "job")} ${before === 1 ? "is" : "are"} ahead`;
  const end = ahead ? `; ${place}.` : ".";
  if (idle.length === 0) {
    const who = available.length === 1 ? "1 worker fits and is busy" : `${available.length} workers fit, all busy`;
    return who + end;
  }
  if (ahead && before > 0) return `${counted(available.length, "worker")} ${available.length === 1 ? "fits" : "fit"}, ${idle.length} idle${end}`;
  const name = idle.length === 1 ? `${idle[0].name} fits and is idle` : `${idle.length} workers fit and are idle`;
  const waits = now - Date.parse(job.created_at);
  if (waits < PATIENCE) return `${name}.`;
  return `${name}, but ${idle.length === 1 ? "has" : "have"} not taken it for ${duration(waits)}.`;
}

function nobody(tags, workers, now) {
  if (workers.length === 0) return "No worker is registered.";
  const fitting = workers.filter((worker) => fits(tags, worker.tags ?? {}));
  const live = fitting.filter((worker) => worker.status !== "offline");
  if (live.length > 0) return wrongProvisioner(live);
  if (fitting.length > 0) return allOffline(fitting, now);
  if (isUntagged(tags)) return "No worker takes untagged jobs: all have tags of their own.";
  return noFit(tags, workers);
}

function wrongProvisioner(live) {
  const run = [...new Set(live.flatMap((worker) => worker.provisioners ?? []))].sort().join(", ");
  const who = live.length === 1 ? `${live[0].name} has these tags` : `${live.length} live workers have these tags`;
  return `${who}, but the job needs another provisioner than ${run || "theirs"}.`;
}

function allOffline(fitting, now) {
  const seen = Math.max(...fitting.map((worker) => Date.parse(worker.last_seen_at ?? worker.created_at)));
  const since = Number.isNaN(seen) ? "" : ` since ${duration(now - seen)}`;
  if (fitting.length === 1) return `Only ${fitting[0].name} fits, and it is offline${since}.`;
  return `${fitting.length} workers fit, all offline${since}.`;
}

/** Which pairs nobody has; or, when each is to be had somewhere, which worker comes closest. */
function noFit(tags, workers) {
  const wanted = Object.entries(tags);
  const lacking = (pool) => wanted.filter(([name, value]) => !pool.some((worker) => has(worker.tags ?? {}, name, value)));
  const live = workers.filter((worker) => worker.status !== "offline");
  const never = lacking(workers);
  if (never.length > 0) return `No worker has ${names(never, "or")}.`;
  const now = lacking(live);
  if (now.length > 0 && live.length > 0) return `No live worker has ${names(now, "or")}.`;
  const missing = (worker) => wanted.filter(([name, value]) => !has(worker.tags ?? {}, name, value));
  const pool = live.length > 0 ? live : workers;
  const closest = pool.reduce((best, worker) => (missing(worker).length < missing(best).length ? worker : best));
  const which = notablePairs(tags);
  return `No worker has all of ${names(which, "and")}; ${closest.name} comes closest and lacks ${names(missing(closest), "and")}.`;
}

function names(pairs, word) {
  const texts = pairs.map(([name, value]) => (value === "" ? `no ${name}` : pairText([name, value])));
  if (texts.length < 2) return texts.join("");
  return `${texts.slice(0, -1).join(", ")} ${word} ${texts.at(-1)}`;
}
