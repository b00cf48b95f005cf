// The desk itself: moving about it with keys, both themes, a page from the right, a narrow window, and a list that is longer
// than the window.

import { message, peopleOf, seed } from "./seed.mjs";

export default async function ({ url, token, call, signedIn, check, expect, same, shot, row, view, accessible }) {
  const { context, page } = await signedIn();
  const ids = await seed(url, token, peopleOf("desk"));
  // Something of every kind to be looked at: both directions, a note, acts folded away, chips.
  const day = 86_400_000;
  for (const [id, verb, body] of [
    [ids.german, "reply", { text: "Guten Tag Herr Weiß, der Umtausch ist kein Problem." }], [ids.german, "resolve", {}], [ids.german, "reopen", {}],
    [ids.arabic, "note", { text: "Carrier says delivered to a neighbour." }], [ids.arabic, "claim", {}], [ids.arabic, "priority", { priority: "high" }],
    [ids.arabic, "snooze", { until: new Date(Date.now() + day).toISOString() }], [ids.chinese, "wait", { for: "customer" }],
  ]) await call("POST", `/v1/conversations/${id}/${verb}`, body);
  await row(page, ids.german).waitFor();

  await check("keys move, open, write, leave and explain themselves", async () => {
    await page.evaluate(() => (location.hash = "#/conversations"));
    await page.locator(".thread-pane .empty").waitFor();
    await page.locator(".list-head h1").click();
    await page.keyboard.press("j");
    await page.locator(".row:first-child a:focus").waitFor();
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    await page.keyboard.press("Enter");
    await page.locator("#timeline article").first().waitFor();
    await page.keyboard.press("n");
    await page.locator(".composing-note textarea:focus").waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("r");
    await page.locator(".composing-reply textarea:focus").waitFor();
    await page.keyboard.type("jjj");
    same(await page.locator("#composer-text").inputValue(), "jjj", "letters in a field are letters");
    await page.locator("#composer-text").fill("");
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    await page.locator("dialog[open]").waitFor();
    await shot(page, "shortcuts");
    await accessible(page, "in the sheet of shortcuts");
    await page.keyboard.press("Escape");
    await page.locator("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("s");
    await page.locator("[role=menu]").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("[role=menu]").waitFor({ state: "detached" });
    await page.locator("#timeline").focus();
    await page.keyboard.press("Escape");
    await page.locator(".thread-pane .empty").waitFor();
  });

  await check("what is wrong with the server stands above the desk while it lasts", async () => {
    const wrong = [{ name: "log.no_space", severity: "failure", since: new Date().toISOString(), happened: "No command is taken: 12 MiB are free.",
      safe: "Everything that was acknowledged is stored.", advice: "Make room." }];
    await page.route("**/v1/conditions", (request) => request.fulfill({ json: { data: wrong } }));
    await page.reload();
    const banner = page.locator(".banner[data-condition='log.no_space']");
    await banner.waitFor();
    expect((await banner.innerText()).includes("12 MiB are free"), "an administrator reads the figures");
    await accessible(page, "with trouble of the server");
    await shot(page, "condition");
    wrong.length = 0;
    await page.reload();
    await page.locator(".rail").waitFor();
    same(await page.locator("[data-condition]").count(), 0, "and it goes when it is over");
    await page.unroute("**/v1/conditions");
  });

  await check("the desk is accessible in the light theme", async () => {
    await view(page, ids.arabic);
    await accessible(page, "in the light theme");
  });

  await check("the dark theme is accessible too", async () => {
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    await page.locator("#mode-note").click();
    await accessible(page, "in the dark theme, writing a note");
    await page.locator("#mode-reply").click();
    await accessible(page, "in the dark theme");
    await shot(page, "dark");
    await view(page, ids.german);
    await shot(page, "dark-german");
    await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  });

  await check("a right-to-left page is laid out from the right", async () => {
    await page.evaluate(() => (document.documentElement.dir = "rtl"));
    await view(page, ids.arabic);
    const rail = await page.locator(".rail").boundingBox();
    const list = await page.locator(".list-pane").boundingBox();
    expect(rail.x > list.x && list.x > 500, "the rail at the right, the list beside it");
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    same(wide, false, "sideways scrolling");
    await shot(page, "right-to-left");
    await page.evaluate(() => (document.documentElement.dir = "ltr"));
  });

  await check("a narrow window shows one pane at a time", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.evaluate(() => (location.hash = "#/conversations"));
    await page.locator(".thread-pane").waitFor({ state: "hidden" });
    await page.locator(".list-pane").waitFor();
    await shot(page, "narrow-list");
    await row(page, ids.chinese).locator("a").click();
    await page.locator("#composer-text").waitFor();
    await page.locator(".list-pane").waitFor({ state: "hidden" });
    same(await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth), false, "sideways scrolling");
    if (await page.locator(".sidebar").isVisible()) await page.locator("#toggle-details").click();
    await shot(page, "narrow-thread");
    await page.locator(".back").click();
    await page.locator(".list-pane").waitFor();
  });
  await page.setViewportSize({ width: 1440, height: 900 });

  await check("a long list is read on by scrolling", async () => {
    const many = Array.from({ length: 60 }, (_, at) => message({
      person: { name: `Customer ${at + 1}`, address: `customer${at}@example.org` }, channel: ["email", "chat", "sms", "voice", "social"][at % 5], language: "en", minutes: 1,
      text: `Question number ${at + 1} about an order.`,
    }));
    for (let at = 0; at < many.length; at += 10) await Promise.all(many.slice(at, at + 10).map((one) => call("POST", "/v1/inbound", one)));
    await page.reload();
    await page.locator(".row").first().waitFor();
    await page.waitForFunction(() => {
      document.querySelector(".list-scroll").scrollTop = 1e9;
      return [...document.querySelectorAll(".row")].some((row) => Number(row.getAttribute("aria-posinset")) > 55);
    });
    const all = await page.locator(".row").evaluateAll((rows) => rows.map((one) => one.dataset.id));
    same(new Set(all).size, all.length, "rows shown once");
    expect(all.length < 50, "only the rows near the window to exist");
    await shot(page, "long-list");
  });

  await context.close();
}
