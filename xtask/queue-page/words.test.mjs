// How times are put into words, what an address means, and when the page asks again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { read, write } from "../../crates/server/assets/queue/address.mjs";
import { looksLikeToken } from "../../crates/server/assets/queue/api.mjs";
import { count, counted, duration, runTime, subject, typeText } from "../../crates/server/assets/queue/format.mjs";
import { select } from "../../crates/server/assets/queue/jobs.mjs";
import { INTERVAL, pause } from "../../crates/server/assets/queue/poll.mjs";

test("lengths of time", () => {
  const spans = [[-5, "0 s"], [59_999, "59 s"], [60_000, "1 min"], [3_600_000, "1 h"], [5_460_000, "1 h 31 min"], [90_000_000, "1 d 1 h"]];
  for (const [span, text] of spans) assert.equal(duration(span), text);
  assert.equal(runTime(1250), "1.3 s");
});

test("numbers and names", () => {
  assert.equal(count(1234567), "1\u202f234\u202f567");
  assert.equal(counted(1, "job"), "1 job");
  assert.equal(counted(0, "job"), "0 jobs");
  assert.equal(typeText("workspace_build"), "Workspace build");
  assert.equal(typeText("constructor"), "constructor");
  assert.equal(subject({ template_name: "k8s", template_display_name: "Kubernetes", workspace_name: "dev" }), "Kubernetes › dev");
  assert.equal(subject(undefined), "");
});

test("an address is what was looked at, and nonsense in it does no harm", () => {
  const view = { org: "research", range: "360", status: "failed", search: "a b&c", job: "x" };
  assert.deepEqual(read(write(view)), view);
  assert.equal(write(read("")), "#");
  assert.deepEqual(read("#range=7&status=<b>&other=1"), read(""));
});

test("the pause grows while the server fails, and is as long as the server asks for", () => {
  assert.equal(pause(0), INTERVAL);
  assert.deepEqual([1, 2, 3, 4, 5, 6, 60].map((failures) => pause(failures)), [2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  assert.equal(pause(1, 45_000), 45_000);
});

test("what can be a token", () => {
  assert.ok(looksLikeToken("aBcDeFgHiJ-0123456789aBcDeFgHiJkL"));
  for (const text of ["", "a", "a b-c", "a-b\n", "ä-b"]) assert.ok(!looksLikeToken(text), text);
});

test("the list of jobs: newest first, those that wait from the front of their queue", () => {
  const entry = (id, status, from, place = 0) => ({ from, job: { id, status, queue_position: place, worker_name: "W", metadata: { template_name: "K8s" } } });
  const entries = [entry("a", "pending", 1, 2), entry("b", "pending", 2, 1), entry("c", "canceling", 3), entry("d", "failed", 4)];
  const ids = (filters) => select(entries, { status: "", search: "", ...filters }).map(({ job }) => job.id);
  assert.deepEqual(ids({}), ["d", "c", "b", "a"]);
  assert.deepEqual(ids({ status: "pending" }), ["b", "a"]);
  assert.deepEqual(ids({ status: "running" }), ["c"]);
  assert.deepEqual(ids({ search: " k8S " }), ["d", "c", "b", "a"]);
  assert.deepEqual(ids({ search: "nothing" }), []);
});
