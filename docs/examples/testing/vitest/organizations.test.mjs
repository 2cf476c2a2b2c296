import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startOrgd } from "./orgd.mjs";

let orgd;
beforeAll(async () => { orgd = await startOrgd("--clock", "frozen"); });
beforeEach(() => orgd.control("POST", "/reset"));
afterAll(() => orgd.stop());

test("a name is taken in every case", async () => {
  expect((await orgd.api("POST", "/organizations", { name: "New-Team" })).status).toBe(201);
  const conflict = await orgd.api("POST", "/organizations", { name: "new-team" });
  expect(conflict.status).toBe(409);
  expect(conflict.body.validations[0].field).toBe("name");
});

test("a job is watched until it has failed", async () => {
  const queued = await orgd.api("POST", "/organizations/coder/provisionerjobs", { type: "workspace_build" });
  await orgd.control("POST", `/jobs/${queued.body.id}/advance`, { to: "failed", error: "out of quota" });
  const job = await orgd.api("GET", `/organizations/coder/provisionerjobs/${queued.body.id}`);
  expect(job.body).toMatchObject({ status: "failed", error: "out of quota" });
});
