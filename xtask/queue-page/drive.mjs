// Uses the page as a person does and reports what came of each check; `xtask/src/queue_page.rs` prints it.
//
// Reads {url, token, chromium, sandbox, crowd, screenshots?} as JSON from standard input. Writes [{name, fault?}] to standard output.

import { readFileSync } from "node:fs";
import { accessible } from "./checks/accessible.mjs";
import { keyboard } from "./checks/keyboard.mjs";
import { live } from "./checks/live.mjs";
import { many } from "./checks/many.mjs";
import { shown } from "./checks/shown.mjs";
import { signing } from "./checks/signing.mjs";
import { pictures } from "./checks/pictures.mjs";
import { QueuePage, launch } from "./page.mjs";
import { Server, fill } from "./server.mjs";

const request = JSON.parse(readFileSync(0, "utf8"));
const server = new Server(request.url, request.token);
const filled = await fill(server);
const browser = await launch(request);
const checks = [];

/** Runs one check on a page of its own; what the page asked and complained about counts, too. */
async function check(name, run, options) {
  let fault;
  const page = await QueuePage.open(browser, request.url, options);
  try {
    await run(page);
    if (page.foreign.length > 0) fault = `the page asked other hosts: ${page.foreign.join(", ")}`;
    if (page.complaints.length > 0) fault = `the page complained: ${page.complaints.join(" | ")}`;
    if (await page.page.evaluate(() => window.wasRun === 1)) fault = "markup in a name took effect";
  } catch (error) {
    // The rest of such a message tells what the browser tried, step by step.
    fault = String(error.message ?? error).split("\n").slice(0, 12).join("\n");
  } finally {
    await page.context.close();
  }
  checks.push({ name, fault });
}

try {
  for (const group of [signing, shown, live, keyboard, accessible, many, pictures]) await group({ ...request, ...filled, server, check });
} finally {
  filled.stop();
  await browser.close();
}
process.stdout.write(JSON.stringify(checks));
