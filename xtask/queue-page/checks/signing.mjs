// Signing in and out.

import assert from "node:assert/strict";

export async function signing({ check, token }) {
  await check("a wrong token is refused with a clear message", async (page) => {
    page.isDisturbed = true;
    for (const [wrong, message] of [["", "Type in"], ["no token", "is not a session token"], ["aBcDeFgHiJ-0123456789aBcDeFgHiJkL", "does not accept this token"]]) {
      await page.page.fill("#token", wrong);
      await page.page.press("#token", "Enter");
      await page.until(`the message says ${message}`, async () => (await page.text("#sign-in-error")).includes(message) || page.text("#sign-in-error"));
    }
    assert.ok(await page.page.isHidden("#view"));
    await page.signIn(token);
    assert.ok(await page.page.isHidden("#sign-in"));
  });

  await check("the token stays in the tab until it is signed out", async (page) => {
    await page.signIn(token);
    await page.page.reload();
    await page.page.waitForSelector("#picture:not([hidden])");
    assert.ok(!(await page.address()).includes(token), "the token is in the address");
    await page.page.click("#sign-out");
    assert.ok(await page.page.isVisible("#token"));
    const asked = page.asked;
    await page.page.waitForTimeout(2500);
    assert.equal(page.asked, asked, "the page goes on asking");
    const kept = await page.page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }, document.cookie]));
    assert.equal(kept, '[{},{},""]');
    assert.equal(await page.page.locator("#job-rows tr").count(), 0, "jobs are still in the page");
    await page.page.reload();
    assert.ok(await page.page.isVisible("#token"));
  });

  await check("a token that may not see an organization's jobs is told so, and keeps it listed", async (page) => {
    page.isDisturbed = true;
    await page.page.route("**/api/v2/organizations/*/provisionerjobs*", (route) => route.fulfill({ status: 404, json: { message: "Resource not found" } }));
    await page.page.fill("#token", token);
    await page.page.press("#token", "Enter");
    await page.until("it is told", async () => page.page.isVisible("#closed"));
    assert.match(await page.text("#closed"), /^You may not see the provisioner jobs of .+ Owners may/);
    assert.ok(await page.page.isHidden("#no-organizations"));
    assert.ok((await page.page.locator("#org option").count()) > 1, "the organizations are not listed any more");
    await page.page.unroute("**/api/v2/organizations/*/provisionerjobs*");
    await page.page.selectOption("#org", "research");
    await page.until("the other is shown", async () => page.page.isVisible("#picture"));
    assert.ok(await page.page.isHidden("#closed"));
  });

  await check("a token that is revoked meanwhile leads back to the sign-in", async (page) => {
    await page.signIn(token);
    page.isDisturbed = true;
    await page.page.route("**/api/v2/**", (route) => route.fulfill({ status: 401, json: { message: "You are signed out." } }));
    await page.until("the sign-in is shown", async () => page.page.isVisible("#token"));
    assert.match(await page.text("#sign-in-error"), /no longer accepts/);
  });
}
