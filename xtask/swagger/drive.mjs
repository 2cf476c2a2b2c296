// Drives Swagger UI the way a person does and reports what the page shows; `xtask/src/swagger.rs` judges it.
//
// Reads {url, token, chromium, sandbox, operations, screenshot?} as JSON from standard input, clicks "Execute" on each
// of the operations with the values that the page fills in, and writes a report as JSON to standard output.

import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const request = JSON.parse(readFileSync(0, "utf8"));
const origin = new URL(request.url).origin;
const report = { badge: "", operations: [], executed: {}, foreign: [], errors: [] };

const browser = await chromium.launch({
  executablePath: request.chromium,
  chromiumSandbox: request.sandbox,
  args: ["--disable-quic", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
});
try {
  const context = await browser.newContext({ viewport: { width: 1100, height: 1400 } });
  await context.route(
    (url) => url.protocol.startsWith("http") && url.origin !== origin,
    (route) => {
      report.foreign.push(route.request().url());
      return route.abort();
    },
  );
  const page = await context.newPage();
  // A machine may be busy with other things for as long as that.
  page.setDefaultTimeout(120_000);
  page.on("pageerror", (error) => report.errors.push(String(error)));
  page.on("console", (message) => {
    // An answer that is an error is the judge's business, and is in the report.
    const isAnswer = message.text().startsWith("Failed to load resource") && message.location().url.includes("/api/v2/");
    if (message.type() === "error" && !isAnswer) report.errors.push(message.text());
  });

  await page.goto(request.url, { waitUntil: "networkidle" });
  await page.waitForSelector(".opblock");
  report.badge = (await page.innerText(".info .version-stamp")).trim();
  report.operations = await page.$$eval(".opblock", (blocks) => blocks.map((block) => block.id.split("-").pop()));

  await authorize(page);
  for (const operation of request.operations) {
    report.executed[operation] = await execute(page, operation);
    if (request.screenshot?.operation === operation) await picture(page, operation);
    await page.click(`${block(operation)} .opblock-summary-control`);
  }
} finally {
  await browser.close();
}
process.stdout.write(JSON.stringify(report));

function block(operation) {
  return `.opblock[id$="-${operation}"]`;
}

async function authorize(page) {
  await page.click(".auth-wrapper .btn.authorize");
  // Workers come with another secret, in a field of its own.
  const form = page.locator(".auth-container form", { hasText: "CoderSessionToken" });
  await form.locator("input").fill(request.token);
  await form.locator(".auth-btn-wrapper .btn.authorize").click();
  await page.click(".auth-btn-wrapper .btn-done");
}

async function execute(page, operation) {
  const here = block(operation);
  await page.click(`${here} .opblock-summary-control`);
  await page.waitForSelector(`${here} .execute`);
  const fields = await page.$$eval(`${here} tr[data-param-name]`, (rows) =>
    rows.map((row) => [
      row.dataset.paramName,
      [...row.querySelectorAll("input, select, textarea")].map((field) => field.value).join(","),
    ]),
  );
  await page.click(`${here} .execute`);
  const answer = `${here} .live-responses-table .response`;
  await page.waitForSelector(`${answer} .response-col_status`);
  const body = page.locator(`${answer} .highlight-code pre`).first();
  const status = Number.parseInt(await page.innerText(`${answer} .response-col_status`), 10);
  return {
    fields: Object.fromEntries(fields),
    request_url: (await page.innerText(`${here} .request-url pre`)).trim(),
    status,
    // "No content" has none, and the page shows none.
    body: status === 204 ? "" : await body.innerText(),
  };
}

/** From the top of the page to the end of the answer's body. */
async function picture(page, operation) {
  const end = await page.locator(`${block(operation)} .live-responses-table .highlight-code`).first().boundingBox();
  const scrolled = await page.evaluate(() => window.scrollY);
  const height = Math.ceil(end.y + end.height + scrolled + 12);
  await page.screenshot({ path: request.screenshot.file, fullPage: true, clip: { x: 0, y: 0, width: 1100, height } });
}
