// The page without a mouse.

import assert from "node:assert/strict";

const RESEARCH = { hash: "#org=research" };

/** What has the focus, and whether that can be seen. */
function focused(page) {
  return page.page.evaluate(() => {
    const element = document.activeElement;
    if (element === document.body || element === null) return null;
    const shown = element.matches(".choice input") ? element.nextElementSibling : element;
    const style = getComputedStyle(shown);
    return {
      id: element.id || element.name || element.closest("[id]")?.id || element.tagName,
      inDialog: element.closest("dialog") !== null,
      isSeen: style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) > 0,
    };
  });
}

export async function keyboard({ check, token }) {
  await check("with the keyboard alone: sign in, walk through everything, open and close a job", async (page) => {
    const keys = page.page.keyboard;
    assert.equal((await focused(page)).id, "token", "the field has the focus from the start");
    await keys.type(token);
    await keys.press("Enter");
    await page.page.waitForSelector("#picture:not([hidden])");
    await page.page.reload();
    await page.page.waitForSelector("#picture:not([hidden])");

    const order = [];
    for (let press = 0; press < 120; press += 1) {
      await keys.press("Tab");
      const here = await focused(page);
      if (here === null) break;
      assert.ok(here.isSeen, `the focus on ${here.id} cannot be seen`);
      if (order.at(-1) !== here.id) order.push(here.id);
    }
    const expected = ["skip", "org", "sign-out", "range", "plot", "numbers", "worker-rows", "status", "search", "job-rows"];
    const landmarks = order.filter((id) => expected.includes(id));
    assert.deepEqual(landmarks, expected, `the order is ${order.join(", ")}`);
  }, RESEARCH);

  await check("a job is opened with Enter and closed with Escape, and the focus goes back", async (page) => {
    await page.signIn(token);
    const open = page.page.getByRole("button", { name: "First", exact: true });
    await open.focus();
    await page.page.keyboard.press("Enter");
    await page.page.waitForSelector("#details-body:not([hidden])");
    assert.ok((await focused(page)).inDialog);
    await page.page.keyboard.press("Tab");
    assert.equal((await focused(page)).id, "close");
    await page.page.keyboard.press("Tab");
    assert.equal((await focused(page)).id, "cancel");
    await page.page.keyboard.press("Enter");
    assert.equal((await focused(page)).id, "keep", "the harmless answer has the focus");
    await page.page.keyboard.press("Enter");
    assert.equal((await focused(page)).id, "cancel");
    await page.page.keyboard.press("Escape");
    await page.until("the panel is closed", async () => page.page.isHidden("#details"));
    assert.ok(await open.evaluate((button) => button === document.activeElement), "the focus is lost");
    // Redrawing must not take it away.
    await page.page.waitForTimeout(2500);
    assert.ok(await open.evaluate((button) => button === document.activeElement), "the focus is lost when the page is updated");
  }, RESEARCH);

  await check("the plot is read with the arrow keys", async (page) => {
    await page.signIn(token);
    await page.page.focus("#plot");
    // The one that was queued and canceled by another check may be in the last step of the plot still.
    await page.until("the last step", async () => {
      await page.page.keyboard.press("End");
      const readout = await page.text("#plot-readout");
      return /8 jobs waiting/.test(readout) || readout;
    });
    await page.page.keyboard.press("Home");
    assert.match(await page.text("#plot-readout"), /0 jobs waiting/);
    await page.page.keyboard.press("ArrowRight");
    assert.equal(await page.page.getAttribute("#plot", "aria-valuenow"), "1");
  }, RESEARCH);

  await check("the organization and the filters are chosen with the keyboard", async (page) => {
    await page.signIn(token);
    await page.page.focus("#org");
    await page.page.keyboard.type("Cod");
    await page.until("the organization", async () => (await page.address()).includes("org=coder"));
    await page.page.waitForSelector("#picture:not([hidden])");
    await page.page.focus('#status input[value=""]');
    await page.page.keyboard.press("ArrowRight");
    assert.match(await page.address(), /status=pending/);
    await page.page.focus("#skip");
    await page.page.keyboard.press("Enter");
    assert.equal(await page.page.evaluate(() => document.activeElement.id), "content");
    assert.match(await page.address(), /org=coder/, "the link to the content takes the organization away");
  }, RESEARCH);
}
