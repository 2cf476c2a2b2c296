// That the page keeps up, and what it does when it cannot.

import assert from "node:assert/strict";

const RESEARCH = { hash: "#org=research" };

export async function live({ check, token, server, eu, talkative }) {
  await check("a job that is queued appears, is found by its id, and is canceled through the page", async (page) => {
    await page.signIn(token);
    const job = await server.queue("research", "Latecomer", { gpu: "yes" });
    await page.until("the job is listed", async () => (await page.text("#jobs-table")).includes("Latecomer"));
    await page.until("it is counted", async () => (await page.text("#now-waiting")) === "9");
    await page.page.fill("#search", job.id);
    await page.openJob("Latecomer");
    await page.page.click("#cancel");
    assert.equal((await server.job("research", job.id)).status, "pending", "it was canceled before it was confirmed");
    await page.page.click("#keep");
    assert.ok(await page.page.isHidden("#confirm"));
    await page.page.click("#cancel");
    await page.page.click("#cancel-now");
    await page.until("the API says canceled", async () => (await server.job("research", job.id)).status === "canceled");
    await page.until("the page says so", async () => (await page.text("#details-state")).trim() === "canceled");
    assert.ok(await page.page.isHidden("#actions"));
    await page.page.click("#close");
    await page.until("it is not counted any more", async () => (await page.text("#now-waiting")) === "8");
  }, RESEARCH);

  await check("a log is followed", async (page) => {
    await page.signIn(token);
    await page.openJob("Talkative");
    await page.until("what is there", async () => (await page.page.locator("#log-lines .line").count()) === 2);
    await server.report(eu, talkative, "progress", { logs: [{ level: "info", stage: "Applying", output: "one more line" }] });
    await page.until("the new line", async () => (await page.text("#log-lines")).includes("one more line"));
    assert.equal(await page.page.locator("#log-lines .line").count(), 3);
  }, RESEARCH);

  await check("a server that is gone: a banner, the age of what is shown, and recovery", async (page) => {
    await page.signIn(token);
    page.isDisturbed = true;
    await page.page.route("**/api/v2/**", (route) => route.abort());
    await page.until("the banner", async () => page.page.isVisible("#banner"));
    assert.match(await page.text("#banner-text"), /does not answer/);
    await page.until("the age", async () => /Last update [1-9]\d* s ago; next attempt in \d+ s/.test(await page.text("#banner-times")));
    assert.equal(await page.text("#live-text"), "not live");
    assert.ok(await page.page.isVisible("#job-rows tr"), "what is known is gone");
    await page.page.unroute("**/api/v2/**");
    await page.page.click("#retry");
    await page.until("the banner goes", async () => page.page.isHidden("#banner"));
    assert.equal(await page.text("#live-text"), "live");
  }, RESEARCH);

  await check("Retry-After is obeyed, also by the button", async (page) => {
    await page.signIn(token);
    page.isDisturbed = true;
    const limited = { status: 429, headers: { "Retry-After": "20" }, json: { message: "You've been rate limited." } };
    await page.page.route("**/api/v2/**", (route) => route.fulfill(limited));
    await page.until("the banner", async () => (await page.text("#banner-text")).includes("rate limited"));
    await page.page.unroute("**/api/v2/**");
    const asked = page.asked;
    await page.page.click("#retry");
    await page.page.waitForTimeout(3000);
    assert.equal(page.asked, asked, "the page asks before it may");
    await page.until("it recovers", async () => page.page.isHidden("#banner"));
  }, RESEARCH);

  await check("a hidden tab asks for nothing, and is up to date soon after it is shown", async (page) => {
    await page.signIn(token);
    const hide = (hidden) =>
      page.page.evaluate((value) => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => value });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden);
    await hide(true);
    // A look at the server that was under way ends, which is several requests after one another.
    let asked;
    await page.until("what was under way ends", async () => {
      asked = page.asked;
      await page.page.waitForTimeout(1500);
      return page.asked === asked && page.underWay.size === 0;
    });
    await page.page.waitForTimeout(3500);
    assert.equal(page.asked, asked);
    await hide(false);
    await page.until("it asks again", async () => page.asked > asked);
  }, RESEARCH);

  await check("an organization that is deleted: another is shown", async (page) => {
    await server.call("POST", "", { name: "brief", display_name: "Brief" });
    await page.signIn(token);
    assert.equal(await page.page.inputValue("#org"), "brief");
    page.isDisturbed = true;
    await server.call("DELETE", "/brief");
    await page.until("another", async () => (await page.page.inputValue("#org")) === "coder" && (await page.page.isVisible("#picture")));
  }, { hash: "#org=brief" });
}
