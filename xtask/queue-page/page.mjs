// Owns the page under test: opens it in Chromium, watches what it asks for and complains about, and finds things on it.

import { chromium } from "playwright-core";

/** Opens Chromium as the request says. */
export function launch({ chromium: executablePath, sandbox: chromiumSandbox }) {
  const args = ["--disable-quic", "--disable-gpu", "--disable-background-networking", "--disable-component-update"];
  return chromium.launch({ executablePath, chromiumSandbox, args });
}

/** A new browser profile, and the page in it. */
export class QueuePage {
  /** What must stay empty. */
  foreign = [];
  complaints = [];
  /** Requests for the lists of jobs, to count them, and those among them that are under way. */
  asked = 0;
  underWay = new Set();
  /** While true, requests are made to fail, and the console may say so. */
  isDisturbed = false;

  static async open(browser, url, { hash = "", ...options } = {}) {
    const self = new QueuePage();
    const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, colorScheme: "light", ...options });
    await context.route((target) => target.protocol.startsWith("http") && target.origin !== url, (route) => {
      self.foreign.push(route.request().url());
      return route.abort();
    });
    const page = await context.newPage();
    // A machine may be busy with other things for as long as that.
    page.setDefaultTimeout(120_000);
    page.on("pageerror", (error) => self.complaints.push(String(error)));
    page.on("console", (message) => {
      const isExpected = self.isDisturbed && message.text().startsWith("Failed to load resource");
      if (["error", "warning"].includes(message.type()) && !isExpected) self.complaints.push(message.text());
    });
    page.on("request", (request) => {
      if (!request.url().includes("/provisionerjobs")) return;
      self.asked += 1;
      self.underWay.add(request);
    });
    for (const end of ["requestfinished", "requestfailed"]) page.on(end, (request) => self.underWay.delete(request));
    await page.goto(`${url}/queue${hash}`);
    return Object.assign(self, { page, context });
  }

  async signIn(token) {
    await this.page.fill("#token", token);
    await this.page.press("#token", "Enter");
    await this.page.waitForSelector("#picture:not([hidden])");
  }

  async organization(name) {
    await this.page.selectOption("#org", name);
    await this.page.waitForSelector("#picture[hidden]", { state: "attached", timeout: 2000 }).catch(() => {});
    await this.page.waitForSelector("#picture:not([hidden])");
  }

  /** The address as the page has it; the browser tells it to others a moment later. */
  address() {
    return this.page.evaluate(() => location.href);
  }

  text(selector) {
    return this.page.innerText(selector);
  }

  /** The row of a table with this text in its heading cell. */
  row(table, heading) {
    return this.page.locator(`${table} tr`).filter({ has: this.page.locator("th", { hasText: heading }) }).first();
  }

  /** Waits until it is so; the page is live, so that most things take a moment. */
  async until(what, isSo) {
    const end = Date.now() + 90_000;
    let last;
    while (Date.now() < end) {
      last = await isSo();
      if (last === true) return;
      await this.page.waitForTimeout(100);
    }
    throw new Error(`${what}; at last: ${JSON.stringify(last)}`);
  }

  /** Chooses one of several: `status` or `range`. */
  choose(name, value) {
    return this.page.check(`input[name="${name}"][value="${value}"]`);
  }

  async openJob(name) {
    await this.page.getByRole("button", { name, exact: true }).last().click();
    await this.page.waitForSelector("#details-body:not([hidden])");
  }
}
