// An organization with very many jobs that wait.

import assert from "node:assert/strict";

export async function many({ check, token, crowd }) {
  await check(`${crowd} jobs that wait are counted, paged and reached`, async (page) => {
    await page.signIn(token);
    const number = async () => Number((await page.text("#now-waiting")).replace(/\D/g, ""));
    await page.until("all are counted", async () => (await number()) === crowd || number());
    assert.ok((await page.page.locator("#job-rows tr").count()) <= 25);
    assert.ok((await page.page.locator("*").count()) < 3000, "the page holds more than it shows");
    // The front of the queue is at the end of what the API lists.
    await page.choose("status", "pending");
    await page.until("the front", async () => /\b1 of /.test(await page.row("#job-rows", "template-0").innerText()));
    await page.page.click("#next");
    assert.match(await page.text("#page"), /^26–50 of 10/);
    // A page that is busy with its numbers does not answer.
    const answers = await page.page.evaluate(async () => {
      const waits = [];
      for (let turn = 0; turn < 40; turn += 1) {
        const began = performance.now();
        await new Promise((resume) => setTimeout(resume, 100));
        waits.push(performance.now() - began);
      }
      return waits.sort((a, b) => a - b);
    });
    assert.ok(answers[20] < 1000, `half of the time the page takes more than ${answers[20]} ms to answer`);
  }, { hash: "#org=crowd" });
}
