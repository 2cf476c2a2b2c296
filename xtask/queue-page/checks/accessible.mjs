// The rules of axe-core, in each state, scheme and width of the page; and that nothing is wider than the page.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

async function obeys(page) {
  await page.page.evaluate(AXE);
  const { violations } = await page.page.evaluate((values) => window.axe.run({ runOnly: { type: "tag", values } }), TAGS);
  const lines = violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => `${node.target} (${node.failureSummary})`).join("; ")}`);
  assert.deepEqual(lines, []);
  const [inside, outside] = await page.page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  assert.ok(inside <= outside, `the content is ${inside} pixels wide, the page ${outside}`);
}

export async function accessible({ check, token }) {
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [1440, 360]) {
      const options = { hash: "#org=research", colorScheme, reducedMotion: "reduce", viewport: { width, height: 900 } };
      await check(`accessible: ${colorScheme}, ${width} pixels wide`, async (page) => {
        await obeys(page);
        await page.signIn(token);
        await page.page.click("#numbers summary");
        await obeys(page);
        await page.openJob("Talkative");
        await page.until("the log is shown", async () => (await page.page.locator("#log-lines .line").count()) > 0);
        await page.page.click("#cancel");
        await obeys(page);
      }, options);
    }
  }
}
