// The pages beside the conversations, and how all of them look: figures, settings, both themes, a right-to-left page,
// narrow windows, and words that are longer than ours.

import { message, peopleOf } from "./seed.mjs";

const people = peopleOf("pages");

export default async function ({ url, call, signedIn, check, expect, same, shot, row, view, accessible, ticket }) {
  const { context, page } = await signedIn();
  const open = async (members) => (await call("POST", "/v1/inbound", message(members))).conversation;
  const ids = {
    german: await open({ person: people.german, channel: "email", language: "de", minutes: 20, subject: "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz und Umtausch", text: "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft\n\nWann kommt mein Paket?" }),
    arabic: await open({ person: people.arabic, channel: "whatsapp", language: "ar", minutes: 12, text: "مرحباً، طلبي رقم 40388 لم يصل بعد (DHL Express).\nشكراً لكم!" }),
    chinese: await open({ person: people.chinese, channel: "marketplace", language: "zh-Hans", minutes: 3, subject: "订单 40412 退款咨询", text: "您好！我上周退回的电水壶（订单号 40412）已经签收三天了，但是还没有收到退款。请问大概什么时候可以到账？谢谢！" }),
    thai: await open({ person: people.thai, channel: "chat", language: "th", minutes: 2, subject: "ขอเปลี่ยนขนาดรองเท้า", text: "สวัสดีค่ะ ดิฉันสั่งรองเท้าเบอร์สามสิบแปดไปแต่ได้รับเบอร์สามสิบเก้า ขอเปลี่ยนได้ไหมคะ น้ำหนักและขนาดกล่องเหมือนเดิมทุกอย่าง" }),
  };
  const sideways = (at) => at.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  let figures = true;

  await check("the figures say when they were true and lead to the conversations behind them", async () => {
    await page.locator(".rail a", { hasText: "Figures" }).click();
    await page.locator("#overview, .page .hint").first().waitFor();
    figures = await page.locator("#overview").waitFor({ timeout: 5000 }).then(() => true, () => false);
    expect(figures, "a table of figures");
    await page.locator("#as-of", { hasText: "As of" }).waitFor();
    await accessible(page, "among the figures");
    await shot(page, "figures");
    await page.locator(".segment", { hasText: "Channel" }).click();
    await page.locator("#overview tbody th", { hasText: "WhatsApp" }).waitFor();
    expect(page.url().includes("by=channel"), page.url());
    const whatsapp = page.locator("#overview tbody tr", { hasText: "WhatsApp" });
    await whatsapp.locator("a").first().click();
    const { number } = await ticket(ids.arabic);
    await page.locator("#behind a", { hasText: `#${number}` }).waitFor();
    await accessible(page, "with the conversations behind a number");
    await shot(page, "behind");
    await whatsapp.locator("a").nth(4).click();
    await row(page, ids.arabic).waitFor();
    expect(decodeURIComponent(page.url()).includes("channel:whatsapp"), page.url());
    await page.goBack();
    await page.locator("#overview").waitFor();
  });

  await check("the figures go out as CSV", async () => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator(".csv").first().click()]);
    expect(download.suggestedFilename().endsWith(".csv"), download.suggestedFilename());
  });

  await check("the hours are a table that reads without its colours", async () => {
    const heat = page.locator("#heat");
    await heat.waitFor();
    same(await heat.locator("tbody tr").count(), 7, "weekdays");
    same(await heat.locator("tbody tr").first().locator("td").count(), 24, "hours");
  });

  await check("an agent, a queue with its rule, a tag and a ready-made answer are added", async () => {
    const run = Math.random().toString(36).slice(2, 6);
    await page.goto(`${url}/#/settings/agents`);
    const form = page.locator(".panel", { hasText: "Add" }).first().locator("form");
    await form.getByLabel("Name").fill(`Noor ${run}`);
    await form.getByLabel("Languages").fill("ar, en");
    await form.locator("button[type=submit]").click();
    await page.locator(".entry", { hasText: `Noor ${run}` }).waitFor();
    await page.locator(".entry", { hasText: `Noor ${run}` }).locator("button").click();
    await page.locator(".entry", { hasText: `Noor ${run}` }).getByLabel("Conversations at a time").fill("5");
    await accessible(page, "changing an agent");
    await shot(page, "settings-agents");
    await page.locator(".entry form button[type=submit]").click();
    await page.locator(".entry form").waitFor({ state: "detached" });
    same((await call("GET", "/v1/agents?limit=200".replace("?limit=200", ""))).data.find((agent) => agent.name === `Noor ${run}`).capacity.default, 5, "capacity");

    await page.locator(".settings-nav a", { hasText: "Queues" }).click();
    const queue = page.locator(".panel form");
    await queue.getByLabel("Name").fill(`Returns ${run}`);
    await queue.getByLabel("How work is given out").selectOption("least_loaded");
    await queue.getByLabel("Prefer whoever speaks").check();
    await accessible(page, "adding a queue");
    await queue.locator("button[type=submit]").click();
    await page.locator(".entry", { hasText: `Returns ${run}` }).waitFor();
    same((await call("GET", "/v1/queues")).data.find((one) => one.name === `Returns ${run}`).rule.kind, "least_loaded", "the rule");
    await shot(page, "settings-queues");

    await page.locator(".settings-nav a", { hasText: "Tags" }).click();
    const tag = page.locator(".panel", { hasText: "Tags" }).first();
    await tag.getByLabel("Name").fill(`tag ${run}`);
    await tag.locator("button[type=submit]").click();
    await tag.locator(".tags li", { hasText: `tag ${run}` }).waitFor();
    await accessible(page, "among the tags");

    await page.locator(".settings-nav a", { hasText: "Ready-made" }).click();
    await page.getByLabel("Name").fill(`Thanks ${run}`);
    await page.getByLabel("Shortcut").fill(`thx${run}`);
    await page.getByLabel("Language").fill("de");
    await page.getByLabel("Text", { exact: true }).fill("Danke, {{customer.name}}!");
    await page.locator(".panel form button[type=submit]").click();
    await page.locator(".entry", { hasText: `Thanks ${run}` }).waitFor();
    await accessible(page, "among the ready-made answers");
    await shot(page, "settings-canned");
    for (const section of ["Ticket fields", "Targets", "Your preferences"]) {
      await page.locator(".settings-nav a", { hasText: section }).click();
      await page.locator("h1", { hasText: section }).waitFor();
      await accessible(page, `in ${section}`);
    }
  });

  await check("the colours are the agent's own choice, and last", async () => {
    await page.getByRole("radio", { name: "Dark", exact: true }).check();
    await page.reload();
    await page.locator(".settings-page h1").waitFor();
    same(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), "dark", "the scheme in force");
    await accessible(page, "in dark preferences");
    await shot(page, "preferences-dark");
  });

  await check("every page is accessible in the dark, too", async () => {
    for (const [address, wait] of [["#/reports", "#as-of"], ["#/settings/agents", ".entry"], ["#/settings/queues", ".entry"], ["#/settings/tags", ".panel"], ["#/settings/canned", ".panel"], [`#/conversations/${ids.german}?at=2`, "#history"], [`#/conversations/${ids.arabic}?tab=note`, ".composing-note"]]) {
      if (address === "#/reports" && !figures) continue;
      await page.goto(`${url}/${address}`);
      await page.locator(wait).first().waitFor();
      await accessible(page, `at ${address} in the dark`);
    }
    await shot(page, "dark-note");
    await page.goto(`${url}/#/reports`);
    await page.locator("#heat, #overview").first().waitFor();
    await shot(page, "figures-dark");
    await page.keyboard.press("Control+k");
    await page.locator("#palette").waitFor();
    await accessible(page, "in the dark palette");
    await page.keyboard.press("Escape");
    await page.evaluate(() => localStorage.setItem("parlance.settings", '{"undoSeconds":0}'));
  });

  await check("German, Chinese, Thai and Arabic read right", async () => {
    await page.goto("about:blank");
    for (const name of ["german", "chinese", "thai", "arabic"]) {
      await page.goto(`${url}/#/conversations/${ids[name]}`);
      await page.locator("#timeline article").first().waitFor();
      same(await sideways(page), false, `sideways scrolling in ${name}`);
      const { language } = await ticket(ids[name]);
      same(await page.locator("#timeline article .text").first().getAttribute("lang"), language, "lang");
      await shot(page, `reads-${name}`);
    }
  });

  await check("a right-to-left page mirrors every screen", async () => {
    const other = await signedIn();
    await other.page.evaluate(() => (document.documentElement.dir = "rtl"));
    await view(other.page, ids.arabic);
    const [rail, list, thread_, details] = await Promise.all([".rail", ".list-pane", ".thread-pane", ".sidebar"].map((one) => other.page.locator(one).boundingBox()));
    expect(rail.x > list.x && list.x > thread_.x && thread_.x > details.x, "panes from right to left");
    const line = await other.page.locator("#resize-list").boundingBox();
    await other.page.mouse.move(line.x + 4, 300);
    await other.page.mouse.down();
    await other.page.mouse.move(line.x - 36, 300, { steps: 3 });
    await other.page.mouse.up();
    same(Math.round((await other.page.locator(".list-pane").boundingBox()).width), Math.round(list.width) + 40, "the list, drawn wider to the left");
    await shot(other.page, "rtl-arabic");
    await other.page.locator("#me").click();
    await shot(other.page, "rtl-menu");
    await other.page.keyboard.press("Escape");
    for (const [address, wait, name] of [["#/reports", ".tiles", "rtl-figures"], ["#/settings/queues", ".entry", "rtl-settings"]]) {
      await other.page.evaluate((to) => (location.hash = to), address);
      await other.page.locator(wait).first().waitFor();
      same(await sideways(other.page), false, "sideways scrolling");
      await shot(other.page, name);
    }
    await other.context.close();
  });

  await check("narrow windows show one pane, also of figures and settings", async () => {
    const other = await signedIn({}, { viewport: { width: 390, height: 844 } });
    for (const [address, wait, name] of [["#/conversations", ".row", "narrow-list"], [`#/conversations/${ids.thai}`, "#composer-text", "narrow-thai"], ["#/reports", ".tiles", "narrow-figures"], ["#/settings/agents", ".entry", "narrow-settings"]]) {
      await other.page.goto(`${url}/${address}`);
      await other.page.locator(wait).first().waitFor();
      same(await sideways(other.page), false, `sideways scrolling at ${address}`);
      await accessible(other.page, `narrow at ${address}`);
      await shot(other.page, name);
    }
    await other.context.close();
  });

  await check("words half as long again still fit", async () => {
    // What another language would do: every text of the page, lengthened, in place.
    await view(page, ids.german);
    const cut = await page.evaluate(() => {
      const walk = document.createTreeWalker(document.querySelector(".desk"), NodeFilter.SHOW_TEXT);
      for (let node = walk.nextNode(); node !== null; node = walk.nextNode()) {
        const words = node.data.trim();
        if (words.length > 2) node.data = `[${words}${"·ïö".repeat(Math.ceil(words.length / 6))}]`;
      }
      return [...document.querySelectorAll("button, .chip, label, dt")].filter((one) => {
        const style = getComputedStyle(one);
        return one.offsetParent !== null && one.scrollWidth > one.clientWidth + 1 && style.overflowX === "visible" && style.display !== "inline" && one.clientWidth > 0;
      }).map((one) => `${one.className || one.tagName} ${one.textContent.slice(0, 40)}`);
    });
    await shot(page, "long-words");
    same(await sideways(page), false, "sideways scrolling");
    same(cut, [], "words that run out of their place");
  });

  await context.close();
}
