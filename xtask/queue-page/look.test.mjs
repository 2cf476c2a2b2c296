// What one look asks for, with a server that is a list of jobs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Picture } from "../../crates/server/assets/queue/look.mjs";

const VIEW = { minutes: 60, status: "", shown: [], wanted: "" };

/** Answers as the API does: newest first, by state, by id, at most `limit`. */
class FakeApi {
  time = 1_000_000;
  list = [];
  asked = [];

  now() {
    return this.time;
  }

  async jobs(_, { limit, status, ids }) {
    this.asked.push({ limit, status, ids });
    const fits = (job) => (!status || status.split(",").includes(job.status)) && (!ids || ids.split(",").includes(job.id));
    return this.list.filter(fits).slice(0, limit).map((job) => ({ ...job }));
  }

  async workers() {
    return [];
  }

  /** Queues jobs with these numbers. */
  queue(first, last, status = "pending") {
    for (let number = first; number <= last; number += 1) {
      this.list.unshift({ id: `j${number}`, status, created_at: new Date(number * 1000).toISOString(), tags: {} });
    }
  }
}

async function pictureOf(api) {
  const picture = new Picture(api, "o");
  await picture.look(VIEW);
  api.asked = [];
  return picture;
}

test("a quiet look asks for three short lists and nothing else", async () => {
  const api = new FakeApi();
  api.queue(1, 5);
  const picture = await pictureOf(api);
  await picture.look(VIEW);
  assert.deepEqual(api.asked.map(({ status }) => status), [undefined, "running,canceling", "pending"]);
  assert.equal(picture.jobs.waiting().length, 5);
});

test("a job that was taken and ended between two looks is asked for by its id", async () => {
  const api = new FakeApi();
  api.queue(1, 150);
  const picture = await pictureOf(api);
  Object.assign(api.list.find((job) => job.id === "j1"), { status: "succeeded", started_at: "2026-01-02T03:04:05Z" });
  await picture.look(VIEW);
  assert.equal(picture.jobs.get("j1").status, "succeeded");
  assert.equal(picture.jobs.waiting().length, 149);
  assert.equal(api.asked.at(-1).ids, "j1");
});

test("of very many that wait all are counted, but not in every look", async () => {
  const api = new FakeApi();
  api.queue(1, 5000);
  const picture = await pictureOf(api);
  assert.equal(picture.jobs.waiting().length, 5000);
  assert.equal(picture.waiting.complete, false);
  await picture.look(VIEW);
  assert.ok(api.asked.every(({ limit }) => limit <= 500));
  api.time += 30_000;
  api.list = api.list.slice(0, 4000);
  await picture.look(VIEW);
  assert.equal(picture.jobs.waiting().length, 4000);
});

test("what is on the page is up to date also where not all are asked for", async () => {
  const api = new FakeApi();
  api.queue(1, 5000);
  const picture = await pictureOf(api);
  api.list.at(-1).status = "canceled";
  await picture.look({ ...VIEW, shown: ["j1", "j5000"] });
  assert.equal(picture.jobs.get("j1").status, "canceled");
  assert.equal(api.asked.at(-1).ids, "j1", "j5000 was in a list");
});

test("after a long pause the jobs that came and went meanwhile are asked for", async () => {
  const api = new FakeApi();
  api.queue(1, 10);
  const picture = await pictureOf(api);
  api.time += 600_000;
  api.queue(11, 400, "succeeded");
  await picture.look(VIEW);
  await picture.look(VIEW);
  assert.equal(picture.jobs.all().length, 400);
});

test("a longer past is asked for once; what did not fit is named", async () => {
  const api = new FakeApi();
  api.queue(1, 4000, "succeeded");
  const picture = await pictureOf(api);
  assert.equal(picture.past.since, 1001_000);
  await picture.look({ ...VIEW, minutes: 1440 });
  assert.equal(picture.past.since, 0);
  api.asked = [];
  await picture.look(VIEW);
  assert.ok(api.asked.every(({ limit }) => limit <= 500));
});
