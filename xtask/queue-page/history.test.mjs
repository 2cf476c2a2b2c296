// How many jobs waited when, and what the lists of the API are put together to.

import assert from "node:assert/strict";
import { test } from "node:test";
import { leftAt, stacked, ticks, waitingOverTime } from "../../crates/server/assets/queue/history.mjs";
import { Jobs } from "../../crates/server/assets/queue/store.mjs";

const WINDOW = { from: 0, to: 100, steps: 10 };

/** The plain way: for each step, the most of what waits at its begin and at each moment in it when somebody comes. */
function counted(waits, { from, to, steps }) {
  const width = (to - from) / steps;
  return Array.from({ length: steps }, (_, step) => {
    const begin = from + step * width;
    const end = begin + width;
    const moments = [begin, ...waits.map((wait) => wait.from).filter((time) => time > begin && time < end)];
    return Math.max(...moments.map((time) => waits.filter((wait) => wait.from <= time && wait.to > time).length));
  });
}

test("a job waits from when it is queued until it is taken", () => {
  const waits = [{ key: "a", from: 15, to: 35 }];
  assert.deepEqual(waitingOverTime(waits, WINDOW).get("a"), [0, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
});

test("what began before and what has not ended counts to the edges; what is outside does not", () => {
  const waits = [{ key: "a", from: -50, to: 12 }, { key: "a", from: 88, to: Infinity }, { key: "b", from: -9, to: -1 }, { key: "b", from: 100, to: 120 }];
  const found = waitingOverTime(waits, WINDOW);
  assert.deepEqual(found.get("a"), [1, 1, 0, 0, 0, 0, 0, 0, 1, 1]);
  assert.ok(!found.has("b"));
});

test("a job that waits less than a step is seen, and two that follow each other are not two at once", () => {
  const waits = [{ key: "a", from: 41, to: 42 }, { key: "a", from: 42, to: 43 }];
  assert.deepEqual(waitingOverTime(waits, WINDOW).get("a"), [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
});

test("it agrees with plain counting over many random histories", () => {
  let seed = 1;
  const random = (most) => {
    seed = (seed * 48271) % 2147483647;
    return seed % most;
  };
  for (let round = 0; round < 300; round += 1) {
    const waits = Array.from({ length: random(12) }, () => {
      const from = random(140) - 20 + 0.5;
      return { key: "a", from, to: from + random(60) + 0.25 };
    });
    const found = waitingOverTime(waits, WINDOW).get("a") ?? new Array(10).fill(0);
    assert.deepEqual(found, counted(waits, WINDOW), JSON.stringify(waits));
  }
});

test("the end of waiting is the first of the three times", () => {
  assert.equal(leftAt({}), Infinity);
  assert.equal(leftAt({ started_at: "1970-01-01T00:00:02Z", canceled_at: "1970-01-01T00:00:03Z", completed_at: "1970-01-01T00:00:04Z" }), 2000);
  assert.equal(leftAt({ canceled_at: "1970-01-01T00:00:03Z", completed_at: "1970-01-01T00:00:03Z" }), 3000);
});

test("layers stand on each other", () => {
  assert.deepEqual(stacked([[1, 2], [3, 0]], 2), [{ lower: [0, 0], upper: [1, 2] }, { lower: [1, 2], upper: [4, 2] }]);
});

test("the marks of the axis are round, whole and reach over the top", () => {
  assert.deepEqual(ticks(0, 5), [0, 1]);
  assert.deepEqual(ticks(4, 5), [0, 1, 2, 3, 4]);
  assert.deepEqual(ticks(17, 5), [0, 5, 10, 15, 20]);
  assert.deepEqual(ticks(10_001, 5), [0, 5000, 10_000, 15_000]);
});

const job = (id, status, more = {}) => ({ id, status, created_at: "2026-01-02T03:00:00Z", tags: {}, ...more });

test("of two reports of one round the farther in the life of the job is the newer", () => {
  const jobs = new Jobs();
  jobs.begin();
  jobs.add([job("a", "running")]);
  jobs.add([job("a", "pending")]);
  assert.equal(jobs.get("a").status, "running");
  jobs.begin();
  jobs.add([job("a", "pending")]);
  assert.equal(jobs.get("a").status, "pending", "a job may be given back");
});

test("what is missing from a complete list no longer waits, and is asked for", () => {
  const jobs = new Jobs();
  jobs.begin();
  jobs.add([job("a", "pending"), job("b", "pending"), job("c", "running")]);
  jobs.begin();
  jobs.add([job("b", "pending")]);
  jobs.settle(["pending"], 5);
  assert.deepEqual(jobs.waiting().map((entry) => entry.job.id), ["b"]);
  assert.deepEqual(jobs.unsure(10), ["a"]);
  assert.equal(jobs.waits().find((wait) => wait.to === 5)?.from, Date.parse("2026-01-02T03:00:00Z"));
  jobs.add([job("a", "failed", { completed_at: "2026-01-02T03:01:00Z" })]);
  assert.deepEqual(jobs.unsure(10), []);
  assert.equal(jobs.get("a").status, "failed");
});

test("what was asked for and is not there is forgotten", () => {
  const jobs = new Jobs();
  jobs.begin();
  jobs.add([job("a", "pending"), job("b", "pending")]);
  jobs.forget(["a", "b"], [job("b", "pending")]);
  assert.deepEqual(jobs.all().map((entry) => entry.job.id), ["b"]);
});

test("too many jobs: those go that ended first, and none that waits", () => {
  const jobs = new Jobs();
  jobs.begin();
  const time = (index) => new Date(index * 1000).toISOString();
  jobs.add(Array.from({ length: 20_000 }, (_, index) => job(`p${index}`, "pending", { created_at: time(index) })));
  jobs.add(Array.from({ length: 6_000 }, (_, index) => job(`s${index}`, "succeeded", { created_at: time(index) })));
  jobs.trim();
  assert.equal(jobs.all().length, 25_000);
  assert.equal(jobs.waiting().length, 20_000);
  assert.equal(jobs.get("s999"), undefined);
  assert.ok(jobs.get("s1000"));
});
