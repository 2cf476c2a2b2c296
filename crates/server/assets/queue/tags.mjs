// Owns the tags of jobs and workers: their identity, their text, and which worker fits which job. Pure.

const SCOPE = "scope";
const OWNER = "owner";

/** The same text for the same tags, in whatever order they come. */
export function tagKey(tags) {
  return JSON.stringify(Object.entries(tags ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Whether these are exactly the tags of a job that was given none. */
export function isUntagged(tags) {
  return Object.keys(tags).length === 2 && tags[SCOPE] === "organization" && tags[OWNER] === "";
}

/** Whether a worker with the tags `worker` may run a job with the tags `job`. */
export function fits(job, worker) {
  if (isUntagged(job)) return isUntagged(worker);
  return Object.entries(job).every(([name, value]) => has(worker, name, value));
}

/** Whether the pair is among the tags. */
export function has(tags, name, value) {
  return Object.hasOwn(tags, name) && tags[name] === value;
}

/** The pairs that tell tags apart, sorted: not `scope=organization` and the empty owner, which almost all have. */
export function notablePairs(tags) {
  const notable = ([name, value]) =>
    !(name === SCOPE && value === "organization") && !(name === OWNER && value === "");
  return Object.entries(tags ?? {}).filter(notable).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** A pair for people. */
export function pairText([name, value]) {
  return `${name}=${value}`;
}

/** The tags in one line for people. */
export function tagText(tags) {
  const pairs = notablePairs(tags);
  return pairs.length === 0 ? "untagged" : pairs.map(pairText).join(" ");
}
