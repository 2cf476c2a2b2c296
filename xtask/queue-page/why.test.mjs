// The sentences that say why a job waits, and the tags behind them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fits, isUntagged, tagKey, tagText } from "../../crates/server/assets/queue/tags.mjs";
import { reason } from "../../crates/server/assets/queue/why.mjs";

const NOW = Date.parse("2026-01-02T03:10:00Z");
const BASE = { scope: "organization", owner: "" };

function worker(name, tags, status = "idle", seenAt = "2026-01-02T03:09:55Z") {
  return { id: `id of ${name}`, name, tags: { ...BASE, ...tags }, status, last_seen_at: seenAt, created_at: seenAt, provisioners: ["terraform"] };
}

/** A pending job that these live workers could take. */
function job(tags, available = [], more = {}) {
  const ids = available.map((one) => one.id);
  const given = ids.length > 0 ? { available_workers: ids } : {};
  return { status: "pending", created_at: "2026-01-02T03:09:58Z", tags: { ...BASE, ...tags }, queue_position: 1, queue_size: 1, ...given, ...more };
}

const why = (one, workers, options) => reason(one, workers, NOW, options);

test("a worker fits with more tags than the job has, and not with fewer or others", () => {
  assert.ok(fits({ ...BASE, a: "1" }, { ...BASE, a: "1", b: "2" }));
  assert.ok(!fits({ ...BASE, a: "1", b: "2" }, { ...BASE, a: "1" }));
  assert.ok(!fits({ ...BASE, a: "1" }, { ...BASE, a: "2" }));
});

test("an untagged job needs a worker that has no other tags either", () => {
  assert.ok(fits(BASE, { ...BASE }));
  assert.ok(!fits(BASE, { ...BASE, a: "1" }));
  assert.ok(!isUntagged({ scope: "user", owner: "" }));
  assert.ok(!isUntagged({ ...BASE, a: "1" }));
});

test("names that every object has are no tags", () => {
  assert.ok(!fits({ ...BASE, constructor: "x" }, { ...BASE }));
});

test("the same tags are the same queue in whatever order", () => {
  assert.equal(tagKey({ a: "1", b: "2" }), tagKey({ b: "2", a: "1" }));
  assert.equal(tagText({ ...BASE, b: "2", a: "1" }), "a=1 b=2");
  assert.equal(tagText(BASE), "untagged");
});

test("nobody is there", () => {
  assert.deepEqual(why(job({ gpu: "yes" }), []), { blocked: true, text: "No worker is registered." });
});

test("a tag that nobody has", () => {
  const workers = [worker("a", { gpu: "no" }), worker("b", {}, "offline")];
  assert.deepEqual(why(job({ gpu: "yes" }), workers), { blocked: true, text: "No worker has gpu=yes." });
  assert.equal(why(job({ gpu: "yes", zone: "x" }), workers).text, "No worker has gpu=yes or zone=x.");
});

test("a tag that nobody live has", () => {
  const workers = [worker("a", { gpu: "yes" }, "offline"), worker("b", { disk: "ssd" })];
  assert.equal(why(job({ gpu: "yes", disk: "ssd" }), workers).text, "No live worker has gpu=yes.");
});

test("each tag is there, but not with one worker", () => {
  const workers = [worker("a", { gpu: "yes", os: "linux" }), worker("b", { zone: "eu" })];
  assert.equal(
    why(job({ gpu: "yes", os: "linux", zone: "eu" }), workers).text,
    "No worker has all of gpu=yes, os=linux and zone=eu; a comes closest and lacks zone=eu.",
  );
});

test("who fits is offline", () => {
  const one = worker("a", { gpu: "yes" }, "offline", "2026-01-02T03:05:00Z");
  const two = worker("b", { gpu: "yes" }, "offline", "2026-01-02T01:05:00Z");
  assert.deepEqual(why(job({ gpu: "yes" }), [one]), { blocked: true, text: "Only a fits, and it is offline since 5 min." });
  assert.equal(why(job({ gpu: "yes" }), [one, two]).text, "2 workers fit, all offline since 5 min.");
});

test("untagged jobs and workers with tags", () => {
  const workers = [worker("a", { gpu: "yes" }), worker("b", { zone: "eu" })];
  assert.deepEqual(why(job({}), workers), { blocked: true, text: "No worker takes untagged jobs: all have tags of their own." });
});

test("a job of one user", () => {
  const wanted = job({ scope: "user", owner: "u1" });
  assert.equal(why(wanted, [worker("a", {})]).text, "No worker has scope=user or owner=u1.");
});

test("tags fit, but the API says that nobody live can take it: another provisioner", () => {
  const workers = [worker("a", { gpu: "yes" })];
  assert.deepEqual(why(job({ gpu: "yes" }), workers), {
    blocked: true,
    text: "a has these tags, but the job needs another provisioner than terraform.",
  });
});

test("who fits is busy", () => {
  const three = ["a", "b", "c"].map((name) => worker(name, {}, "busy"));
  assert.deepEqual(why(job({}, three, { queue_position: 5 }), three), { blocked: false, text: "3 workers fit, all busy; 4 jobs are ahead." });
  assert.equal(why(job({}, three.slice(0, 1), { queue_position: 2 }), three).text, "1 worker fits and is busy; 1 job is ahead.");
  assert.equal(why(job({}, three), three).text, "3 workers fit, all busy; this job is next.");
  assert.equal(why(job({}, three), three, { ahead: false }).text, "3 workers fit, all busy.");
});

test("who fits is idle", () => {
  const one = worker("a", {});
  assert.deepEqual(why(job({}, [one]), [one]), { blocked: false, text: "a fits and is idle." });
  const old = job({}, [one], { created_at: "2026-01-02T03:06:00Z" });
  assert.equal(why(old, [one]).text, "a fits and is idle, but has not taken it for 4 min.");
  const two = [one, worker("b", {}, "busy")];
  assert.equal(why(job({}, two, { queue_position: 3 }), two).text, "2 workers fit, 1 idle; 2 jobs are ahead.");
});

test("workers that the list does not show count as busy", () => {
  assert.equal(why(job({}, [worker("a", {})]), []).text, "1 worker fits and is busy; this job is next.");
});
