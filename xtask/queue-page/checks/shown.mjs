// What the page shows of an organization: queues, reasons, jobs, workers, details.

import assert from "node:assert/strict";
import { MARKUP } from "../server.mjs";

const RESEARCH = { hash: "#org=research" };

export async function shown({ check, token }) {
  await check("organizations can be switched, and the address says which one it is", async (page) => {
    await page.signIn(token);
    assert.deepEqual(await page.page.locator("#org option").allInnerTexts(), ["Coder", "Crowd", "Research"]);
    assert.equal(await page.page.inputValue("#org"), "coder", "the default one comes first");
    assert.match(await page.row("#queues-table", "untagged").innerText(), /No worker is registered\./);
    await page.organization("research");
    assert.match(await page.address(), /#.*org=research/);
    await page.until("the jobs are those of the other", async () => (await page.text("#jobs-table")).includes("Notebook A"));
    assert.ok(!(await page.text("#jobs-table")).includes("Lonely"));
    await page.page.reload();
    await page.page.waitForSelector("#picture:not([hidden])");
    assert.equal(await page.page.inputValue("#org"), "research");
  });

  await check("the numbers at the top", async (page) => {
    await page.signIn(token);
    assert.equal(await page.text("#now-waiting"), "8");
    assert.equal(await page.text("#now-stuck"), "4");
    assert.equal(await page.text("#now-running"), "2");
    assert.equal(await page.text("#now-workers"), "3");
    assert.equal(await page.text("#now-workers-note"), "1 idle, 2 busy, 0 offline");
  }, RESEARCH);

  await check("why the jobs of each queue wait", async (page) => {
    await page.signIn(token);
    const why = async (queue) => (await page.row("#queues-table", queue).locator(".why").innerText()).replace(/Stuck:\s*/, "").replaceAll("\n", "");
    assert.equal(await why("cluster=eu"), "1 worker fits and is busy.");
    assert.equal(await why("gpu=yes"), "No worker has gpu=yes.");
    assert.equal(await why("untagged"), "1 worker fits and is busy.");
    assert.equal(await why("disk=hdd"), "spare has these tags, but the job needs another provisioner than terraform.");
    assert.equal(await why("<b>zone</b>"), `No worker has <b>zone</b>=${MARKUP}.`);
  }, RESEARCH);

  await check("the plot has a layer for each queue, axes, and the same as a table", async (page) => {
    await page.signIn(token);
    const queues = await page.page.locator("#queue-rows tr").count();
    assert.equal(queues, 5);
    assert.equal(await page.page.locator("#plot path.area").count(), queues);
    assert.equal(await page.page.locator("#plot path.pattern").count(), queues);
    assert.ok((await page.page.locator("#plot .tick").count()) > 4);
    for (const range of ["15", "360", "1440", "60"]) {
      await page.choose("range", range);
      assert.equal(await page.page.locator("#plot path.area").count(), queues, range);
    }
    await page.page.click("#numbers summary");
    await page.page.waitForSelector(".numbers");
    assert.equal(await page.page.locator(".numbers thead th").count(), queues + 1);
    assert.match(await page.text(".numbers thead"), /gpu=yes/);
    assert.match(await page.page.getAttribute("#plot", "aria-valuetext"), /8 jobs waiting .*cluster=eu 3/);
  }, RESEARCH);

  await check("jobs with their state, place and worker; filter and search", async (page) => {
    await page.signIn(token);
    const cells = (name) => page.row("#jobs-table", name).locator("td").allInnerTexts();
    assert.deepEqual((await cells("Third")).map((text) => text.trim()).slice(4, 5), ["3 of 3"]);
    assert.match((await cells("Third")).at(-1), /1 worker fits and is busy; 2 jobs are ahead\./);
    assert.match((await cells("Talkative")).at(-1), /eu-1/);
    assert.match((await cells("Ended badly")).join(), /failed.*plain/s);
    await page.choose("status", "failed");
    await page.until("one failed", async () => (await page.page.locator("#job-rows tr").count()) === 1);
    await page.choose("status", "pending");
    await page.until("those that wait", async () => (await page.page.locator("#job-rows tr").count()) === 8);
    await page.page.fill("#search", "notebook");
    await page.until("those found", async () => (await page.page.locator("#job-rows tr").count()) === 2);
    assert.match(await page.address(), /status=pending&search=notebook/);
    await page.page.fill("#search", "nothing like it");
    assert.ok(await page.page.isVisible("#no-jobs"));
  }, RESEARCH);

  await check("workers with what they do", async (page) => {
    await page.signIn(token);
    const row = await page.row("#workers-table", "eu-1").innerText();
    for (const part of ["busy", "cluster=eu", "disk=ssd", "terraform", "Talkative", "running"]) assert.ok(row.includes(part), `${part} in ${row}`);
    const plain = await page.row("#workers-table", "plain").innerText();
    for (const part of ["Kubernetes", "Ended badly", "failed"]) assert.ok(plain.includes(part), `${part} in ${plain}`);
  }, RESEARCH);

  await check("the details of a job, with its error and its log, shown as they are written", async (page) => {
    await page.signIn(token);
    await page.openJob("Ended badly");
    assert.equal((await page.text("#details-error-text")).trim(), `exit status 1: ${MARKUP}`);
    assert.match(await page.text("#facts"), /badaf2eb-96c5-4050-9f1d-db2d39ca5478/);
    assert.match(await page.address(), /job=[0-9a-f-]{36}/);
    await page.page.click("#close");
    assert.ok(!(await page.address()).includes("job="));
    await page.openJob("Talkative");
    await page.until("the log is shown", async () => (await page.page.locator("#log-lines .line").count()) === 2);
    const log = await page.text("#log-lines");
    for (const part of ["Planning", "Terraform 1.9.0", "error", MARKUP]) assert.ok(log.includes(part), `${part} in ${log}`);
    assert.ok(!log.includes("[31m"));
    await page.page.click("#close");
    assert.ok((await page.text("#jobs-table")).includes(MARKUP));
    assert.equal(await page.page.locator("#picture img, #details img").count(), 0);
  }, RESEARCH);
}
