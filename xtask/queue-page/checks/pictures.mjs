// Pictures of the page, for people, when they are asked for.

export async function pictures({ check, token, screenshots }) {
  if (!screenshots) return;
  for (const [name, colorScheme, width] of [["light", "light", 1440], ["dark", "dark", 1280], ["narrow", "light", 360]]) {
    const options = { hash: "#org=research&range=15", colorScheme, viewport: { width, height: 900 } };
    await check(`pictures: ${name}`, async (page) => {
      const take = (what, fullPage = false) => page.page.screenshot({ path: `${screenshots}/${name}${what}.png`, fullPage });
      await take("-sign-in");
      await page.signIn(token);
      await take("", true);
      await page.openJob("Talkative");
      await page.until("the log is shown", async () => (await page.page.locator("#log-lines .line").count()) > 0);
      await take("-job");
    }, options);
  }
}
