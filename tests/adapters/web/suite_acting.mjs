// What agents do with a conversation beside answering it, and what they are shown about it: hand it on, tag it, fill in
// fields, take acts back, destroy a text, look back in time, see why it went where it went.

import { message, peopleOf } from "./seed.mjs";

const people = peopleOf("acting");

export default async function ({ url, call, signedIn, check, expect, same, shot, state, ticket, timeline, view, write, text, accessible }) {
  const { context, page } = await signedIn();
  const open = async (members) => (await call("POST", "/v1/inbound", message(members))).conversation;
  const german = await open({ person: people.german, channel: "email", language: "de", minutes: 14, subject: "Falsche Lieferung", text: "Statt der blauen Jacke kam eine rote. Meine Kontonummer ist 12 34 56." });
  const mail = await open({
    person: people.english, channel: "email", language: "en", minutes: 6, subject: "A mail with a look",
    html: "<style>p{color:#225588}</style><h1>Hello <b>team</b></h1><p>My parcel is <i>late</i>.</p><script>parent.document.title='broken'</script><img src=\"https://tracker.example/pixel.gif\">",
  });
  // A fresh server has one queue and no tags.
  if ((await call("GET", "/v1/queues")).data.length < 2) await call("POST", "/v1/queues", { name: "Orders" });
  if (!(await call("GET", "/v1/settings")).tags.some((tag) => tag.name === "wrong item")) await call("POST", "/v1/tags", { name: "wrong item" });
  const menu = async (label) => {
    await page.locator("#more").click();
    await page.locator("#more ~ [role=menu] [role=menuitem]", { hasText: label }).click();
  };
  const done = (words) => page.locator(".toast.done", { hasText: words }).first().waitFor();

  await check("a mail is text at first, and as it was sent only when asked for, in a frame that does nothing", async () => {
    await view(page, mail);
    const article = page.locator("article[data-kind=message]").first();
    await article.locator(".text", { hasText: "My parcel is late." }).waitFor();
    same(await page.locator("iframe").count(), 0, "frames before anybody asks");
    await article.locator(".show-html").click();
    const frame = page.frameLocator("iframe.mail");
    await frame.locator("i", { hasText: "late" }).waitFor();
    same(await page.locator("iframe.mail").getAttribute("sandbox"), "", "what the frame may do");
    same(await frame.locator("script, img[src^='http']").count(), 0, "scripts and foreign pictures");
    expect(!(await page.title()).includes("broken"), "no script of a mail run");
    await accessible(page, "with a mail as it was sent");
    await shot(page, "mail");
    await article.locator(".show-html").click();
    await article.locator(".text").waitFor();
  });

  await check("it is handed on to a queue, with a reason", async () => {
    await view(page, german);
    const { data: queues } = await call("GET", "/v1/queues");
    const other = queues.find((queue) => queue.name !== "Inbox") ?? queues[0];
    await menu("Transfer");
    await page.locator("#hand-to").selectOption({ label: other.name });
    await page.locator("#reason").fill("They know jackets");
    await accessible(page, "handing on");
    await shot(page, "transfer");
    await page.locator("dialog button[type=submit]").click();
    await page.locator("dialog").waitFor({ state: "detached" });
    await page.locator("#timeline [data-kind=transferred]", { hasText: "They know jackets" }).waitFor();
    same((await ticket(german)).queue.id, other.id, "queue");
  });

  await check("it is escalated, tagged, and told to be no spam after all", async () => {
    await menu("Escalate");
    await page.locator("#reason").fill("Angry");
    await page.locator("dialog button[type=submit]").click();
    await page.locator(".thread-facts", { hasText: "Escalated" }).waitFor();
    await page.locator("#edit-tags").click();
    await page.locator("#tag-name").fill("wrong item");
    await page.keyboard.press("Enter");
    await accessible(page, "tagging");
    await page.locator("dialog button[type=submit]").click();
    await page.locator(".sidebar .tags", { hasText: "wrong item" }).waitFor();
    await menu("Mark as spam");
    await state(page, "Spam");
    await page.locator("#reopen", { hasText: "Not spam" }).click();
    await page.locator("#resolve").waitFor();
    same((await ticket(german)).tags.map((tag) => tag.name), ["wrong item"], "tags");
  });

  await check("its subject line and fields are changed from the version that was seen", async () => {
    await menu("Subject line");
    await page.locator("#subject-line").fill("Rote statt blauer Jacke");
    await page.locator("dialog button[type=submit]").click();
    await page.locator(".thread-title h2", { hasText: "Rote statt blauer Jacke" }).waitFor();
    await page.locator("dialog").waitFor({ state: "detached" });
    let settings = await call("GET", "/v1/settings");
    if ((settings.fields ?? []).length === 0) {
      await call("POST", "/v1/settings/fields", { name: "order number", kind: "text" }, { "If-Match": `"${settings.version}"` });
      settings = await call("GET", "/v1/settings");
      await page.reload();
    }
    const field = settings.fields.find((one) => one.kind === "text");
    await page.locator(`#field-${field.id}`).fill("40317");
    await page.keyboard.press("Tab");
    await page.locator("#timeline [data-kind=fields_changed]").waitFor();
    const { fields } = await ticket(german);
    same(fields[field.id] ?? fields[field.name], "40317", "the field");
    await page.locator("#choose-priority").selectOption("high");
    await page.locator(".thread-facts .priority-high", { hasText: "High" }).waitFor();
  });

  await check("an act is taken back, and that is on record", async () => {
    await page.locator("#snooze").click();
    await page.locator("[role=menuitem]", { hasText: "Tomorrow" }).click();
    await state(page, "Snoozed");
    await page.locator("#more").click();
    await page.locator("[role=menuitem]", { hasText: "Undo: snoozing" }).click();
    await page.locator("#timeline [data-kind=undone]").waitFor();
    expect((await ticket(german)).state !== "snoozed", "awake again");
  });

  await check("an act opens into who, when by both clocks, which event, and a link back to it", async () => {
    await page.locator(".act[data-kind=undone] .act-time").click();
    const audit = page.locator(".act[data-kind=undone] .audit");
    const entry = (await timeline(german)).find((one) => one.kind === "undone");
    await audit.locator("code", { hasText: entry.id }).waitFor();
    await accessible(page, "with an audit open");
    await shot(page, "audit");
    await audit.locator("a").click();
    await page.locator("#history").waitFor();
    expect(page.url().includes(`at=${entry.version}`), page.url());
    await page.locator("#history-end").click();
  });

  await check("a text is destroyed singly, and the page says so", async () => {
    const article = page.locator("article[data-kind=message]").first();
    await article.hover();
    await article.locator(".redact").click();
    await page.locator("#reason").fill("Account number");
    await accessible(page, "destroying a text");
    await page.locator("dialog button[type=submit]").click();
    await page.locator("article .personal", { hasText: "Destroyed by an agent" }).waitFor();
    same((await timeline(german)).find((one) => one.kind === "message").personal, "redacted", "the text");
    await page.locator("#timeline", { hasText: "12 34 56" }).waitFor({ state: "detached" });
    await shot(page, "redacted");
  });

  await check("the conversation is shown as it was at any of its versions", async () => {
    await write(page, "Wir tauschen die Jacke um.");
    await page.keyboard.press("Control+Enter");
    await text(page, "tauschen die Jacke").and(page.locator(".message.out[data-id]")).waitFor();
    await menu("Look back in time");
    const slider = page.locator("#history-at");
    await slider.waitFor();
    same(await page.locator("#composer-text").count(), 0, "nowhere to write");
    const { version } = await ticket(german);
    same(await slider.getAttribute("max"), version, "as many steps as versions");
    await slider.fill("2");
    await page.locator(".history-when", { hasText: "Version 2 of" }).waitFor();
    await text(page, "tauschen die Jacke").waitFor({ state: "detached" });
    await page.locator(".timeline-box.past").waitFor();
    same(await page.locator("#timeline [data-kind=transferred]").count(), 0, "acts that had not happened");
    await accessible(page, "in the past");
    await shot(page, "history");
    await page.reload();
    await page.locator("#history", { hasText: "Version 2 of" }).waitFor();
    await page.locator("#history-later").click();
    await page.locator("#history", { hasText: "Version 3 of" }).waitFor();
    await page.locator("#history-end").click();
    await page.locator("#composer-text").waitFor();
    await text(page, "tauschen die Jacke").waitFor();
  });

  await check("the sidebar says who the customer is, and why it went where it went", async () => {
    await page.locator("#choose-assignee").selectOption({ index: 1 });
    await page.locator(".sidebar .identities li").first().waitFor();
    // In a queue that nothing is given out from, there may be nothing to explain.
    const { data: decided } = await call("GET", `/v1/conversations/${german}/assignments`);
    if (decided.length > 0) await page.locator(".sidebar .assignments").waitFor();
    const candidates = page.locator(".sidebar .assignments summary").first();
    if (await candidates.count() > 0) await candidates.click();
    await accessible(page, "with candidates shown");
    await shot(page, "sidebar");
  });

  await check("a rating of the customer is shown with its words", async () => {
    await call("POST", `/v1/conversations/${german}/rating`, { kind: "csat", score: 4, comment: "Schnell gelöst" });
    await page.locator(".ratings", { hasText: "4 of 5" }).waitFor();
    await page.locator(".rating-comment", { hasText: "Schnell gelöst" }).waitFor();
    await page.locator("#timeline [data-kind=rated]").waitFor();
  });

  await check("an offer is accepted in time", async () => {
    const { principal } = await (await context.request.get(`${url}/v1/session`)).json();
    await call("POST", `/v1/agents/${principal.id}/presence`, { presence: "online" });
    await call("POST", "/v1/queues", { name: "By offer", rule: { kind: "least_loaded", offer_seconds: 60 } });
    const queue = (await call("GET", "/v1/queues")).data.find((one) => one.name === "By offer");
    const offered = await open({ person: people.chinese, channel: "chat", language: "zh-Hans", minutes: 1, text: "请问还有货吗？" });
    await call("POST", `/v1/conversations/${offered}/transfer`, { queue: queue.id });
    await page.locator(".offer", { hasText: "王小明" }).waitFor();
    await accessible(page, "with an offer");
    await shot(page, "offer");
    await page.locator(".offer .primary").click();
    await page.waitForFunction((id) => location.hash.includes(id), offered);
    await page.locator(".offer").waitFor({ state: "detached" });
    expect((await ticket(offered)).assignee !== null, "an assignee");
  });

  await check("the agent says whether they are here", async () => {
    const me = page.locator("#me");
    await me.click();
    const away = page.locator("[role=menuitemradio]", { hasText: "Away" });
    if (await away.count() === 0) {
      // Somebody signed in with a token of the administrator is no agent of the desk.
      await page.keyboard.press("Escape");
      return;
    }
    await accessible(page, "in the agent's menu");
    await shot(page, "me");
    await away.click();
    await done("You are away");
    await page.locator("#me .presence-away").waitFor();
    await me.click();
    await page.locator("[role=menuitemradio]", { hasText: "Online" }).click();
    await page.locator("#me .presence-online").waitFor();
  });

  await context.close();
}
