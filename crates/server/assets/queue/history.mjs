// Owns how many jobs waited when, from the times of the jobs. Pure.

/** When a job was queued, in milliseconds since 1970. */
export function queuedAt(job) {
  return Date.parse(job.created_at);
}

/** When a job stopped waiting: it was taken, canceled or ended. Infinite while it waits. */
export function leftAt(job) {
  const times = [job.started_at, job.canceled_at, job.completed_at].filter((time) => time !== undefined);
  return times.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...times.map((time) => Date.parse(time)));
}

/**
 * How many jobs of each queue waited, in `steps` equal steps from `from` to `to`.
 *
 * `waits` are `{key, from, to}`. Answers a map from key to an array that has, for each step, the most that waited at once; so
 * a job that waited less than a step is not lost. Keys without a job in that time are left out.
 */
export function waitingOverTime(waits, { from, to, steps }) {
  const changes = new Map();
  for (const wait of waits) {
    const begins = Math.max(wait.from, from);
    if (!(begins < to) || !(wait.to > from) || !(wait.to > wait.from)) continue;
    if (!changes.has(wait.key)) changes.set(wait.key, []);
    changes.get(wait.key).push([begins, 1]);
    if (wait.to < to) changes.get(wait.key).push([wait.to, -1]);
  }
  const width = (to - from) / steps;
  return new Map([...changes].map(([key, list]) => [key, peaks(list, from, width, steps)]));
}

function peaks(changes, from, width, steps) {
  // Who leaves at the moment when another comes made room for it.
  changes.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const most = new Array(steps).fill(0);
  let waiting = 0;
  let next = 0;
  for (let step = 0; step < steps; step += 1) {
    const end = from + (step + 1) * width;
    let peak = waiting;
    while (next < changes.length && (changes[next][0] < end || step === steps - 1)) {
      waiting += changes[next][1];
      peak = Math.max(peak, waiting);
      next += 1;
    }
    most[step] = peak;
  }
  return most;
}

/** The series one upon the other: for each of `rows` the lower and the upper edge in every step. */
export function stacked(rows, steps) {
  const sums = new Array(steps).fill(0);
  return rows.map((row) => {
    const lower = [...sums];
    row.forEach((value, step) => {
      sums[step] += value;
    });
    return { lower, upper: [...sums] };
  });
}

/** Round numbers from 0 to at least `most`, at most `count` steps of them. */
export function ticks(most, count) {
  const top = Math.max(1, most);
  let step = 1;
  for (let unit = 1; Math.ceil(top / step) > count; unit *= 10) {
    step = [1, 2, 5, 10].map((factor) => factor * unit).find((size) => Math.ceil(top / size) <= count) ?? step;
  }
  return Array.from({ length: Math.ceil(top / step) + 1 }, (_, index) => index * step);
}
