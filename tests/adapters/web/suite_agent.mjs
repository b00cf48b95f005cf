// An agent's day: signing in, reading, answering, moving work along, and leaving.

import { message, peopleOf, seed } from "./seed.mjs";

const people = peopleOf("agent");

export default async function ({ url, token, linkToken, call, open, focusOn, check, expect, same, shot, row, text, state, ticket, timeline, view, write, accessible }) {
  const { context, page } = await open();
  focusOn(page);
  // Replies go at once: taking them back has a suite of its own.
  await context.addInitScript(() => {
    if (location.protocol === "http:" && window === top) localStorage.setItem("parlance.settings", localStorage.getItem("parlance.settings") ?? '{"undoSeconds":0}');
  });

  await check("without a session the page says how to get a link", async () => {
    await page.goto(`${url}/`);
    await page.locator("h1", { hasText: "Sign in" }).waitFor();
    await page.locator("code", { hasText: "parlance serve" }).waitFor();
    await accessible(page, "at the door");
    await shot(page, "sign-in");
  });

  await check("a wrong link is refused with the problem's title", async () => {
    await page.goto(`${url}/#/sign-in/not-a-link`);
    await page.locator(".trouble-title").waitFor();
    await page.locator(".trouble .trace").waitFor();
    await shot(page, "sign-in-refused");
  });

  await check("a link signs in and leaves no trace in the address", async () => {
    await page.goto("about:blank");
    await page.goto(`${url}/#/sign-in/${linkToken}`);
    await page.locator(".desk").waitFor();
    expect(!page.url().includes(linkToken), `no token in ${page.url()}`);
  });

  await check("an empty list says what to do", async () => {
    await page.locator("#filter-state").selectOption("closed");
    await page.locator(".list-pane .empty h2").waitFor();
    await shot(page, "empty");
    await page.locator("#filter-state").selectOption("active");
  });

  const ids = await seed(url, token, people);

  await check("the list shows new conversations by itself", async () => {
    for (const id of Object.values(ids)) await row(page, id).waitFor();
    await row(page, ids.german).locator("bdi", { hasText: "Jürgen Weiß" }).waitFor();
  });

  await check("a conversation opens with its messages, each in its language and direction", async () => {
    await row(page, ids.german).locator("a").click();
    const german = text(page, "Wanderschuhe").locator(".text").first();
    await german.waitFor();
    same(await german.getAttribute("lang"), "de", "lang of the German message");
    expect(page.url().endsWith(`#/conversations/${ids.german}`), "an address for the conversation");
    expect(!(await german.innerText()).includes("Ihre Bestellung ist unterwegs"), "the quotation folded away");
    await page.locator(".quote-toggle").click();
    await page.locator(".quote", { hasText: "Ihre Bestellung ist unterwegs" }).waitFor();
    await page.locator(".quote-toggle").click();
    await shot(page, "german");

    await view(page, ids.arabic);
    const arabic = text(page, "لم يصلني").locator(".text");
    await arabic.waitFor();
    same(await arabic.evaluate((node) => getComputedStyle(node).direction), "rtl", "direction of the Arabic message");
    same(await arabic.getAttribute("lang"), "ar", "lang of the Arabic message");
    await shot(page, "arabic");

    await view(page, ids.chinese);
    const chinese = text(page, "电水壶").locator(".text");
    await chinese.waitFor();
    same(await chinese.evaluate((node) => getComputedStyle(node).direction), "ltr", "direction of the Chinese message");
    expect((await chinese.getAttribute("lang")).startsWith("zh"), "lang of the Chinese message");
    await shot(page, "chinese");
  });

  await check("markup of a customer is text, never markup", async () => {
    await view(page, ids.english);
    const words = await text(page, "Hi there").locator(".text").innerText();
    expect(words.includes("is the blue one back in stock & can I collect it today?"), `readable text in ${words}`);
    expect(!words.includes("<") && !words.includes("document.title"), `no markup in ${words}`);
    same(await page.locator("#timeline .text *, #timeline script").count(), 0, "elements made from a message");
    expect(!(await page.title()).includes("broken"), "no script of a message run");
  });

  await check("a reply is sent with Ctrl+Enter and its draft is gone", async () => {
    await view(page, ids.german);
    await write(page, "Guten Tag Herr Weiß, der Umtausch ist kein Problem. Das Etikett kommt gleich per E-Mail.");
    await page.keyboard.press("Control+Enter");
    await text(page, "der Umtausch ist kein Problem").and(page.locator(".message.out[data-id]")).waitFor();
    same(await page.locator("#composer-text").inputValue(), "", "the composer");
    same(await page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.startsWith("parlance.draft") || key.startsWith("parlance.outbox"))), [], "drafts in storage");
    same((await ticket(ids.german)).messages.replied, 1, "replies on the server");
  });

  await check("the first response is met and says so", async () => {
    const { first_response } = await ticket(ids.german);
    if (first_response.state === "none") return;
    await page.locator(".thread-facts .response", { hasText: "Answered" }).waitFor();
  });

  await check("Enter never sends while an input method composes", async () => {
    await view(page, ids.chinese);
    await page.locator("#composer-text").focus();
    const devtools = await context.newCDPSession(page);
    await devtools.send("Input.imeSetComposition", { text: "ni hao", selectionStart: 6, selectionEnd: 6 });
    await page.locator("#composer-text").evaluate((area) => {
      for (const members of [{ isComposing: true }, { keyCode: 229 }])
        area.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", ctrlKey: true, bubbles: true, cancelable: true, ...members }));
    });
    await devtools.send("Input.insertText", { text: "您好" });
    same(await page.locator("#composer-text").inputValue(), "您好", "the composer");
    same(await page.locator(".message.out").count(), 0, "messages sent");
  });

  await check("a draft belongs to its conversation and survives a reload", async () => {
    await page.locator("#composer-text").fill("您好，退款");
    await view(page, ids.arabic);
    same(await page.locator("#composer-text").inputValue(), "", "the other conversation's composer");
    await row(page, ids.chinese).locator(".draft").waitFor();
    await page.reload();
    await view(page, ids.chinese);
    same(await page.locator("#composer-text").inputValue(), "您好，退款", "the draft");
    same(await page.evaluate(() => JSON.stringify(localStorage).includes("退款")), false, "personal text in lasting storage");
    await page.locator("#send").click();
    await text(page, "您好，退款").and(page.locator(".message.out[data-id]")).waitFor();
  });

  await check("a note looks different and is not sent to the customer", async () => {
    await view(page, ids.arabic);
    await page.locator("#mode-note").click();
    await write(page, "Carrier says delivered to a neighbour. Waiting for the signature.");
    await shot(page, "note-composer");
    await page.locator("#send").click();
    await text(page, "delivered to a neighbour").and(page.locator(".message.note[data-id]")).waitFor();
    const { messages } = await ticket(ids.arabic);
    same([messages.replied, messages.notes], [0, 1], "replies and notes");
    await page.locator("#mode-reply").click();
  });

  await check("assign to me", async () => {
    await page.locator("#assign-me").click();
    await page.locator("#assign-me").waitFor({ state: "detached" });
    expect((await ticket(ids.arabic)).assignee !== null, "an assignee");
    await page.locator("#timeline [data-kind=assigned], #timeline [data-kind=claimed]").waitFor();
  });

  await check("snooze until tomorrow", async () => {
    await page.locator("#snooze").click();
    await shot(page, "snooze-menu");
    await page.locator("[role=menuitem]", { hasText: "Tomorrow" }).click();
    await state(page, "Snoozed");
    const { state: now, snoozed_until } = await ticket(ids.arabic);
    same(now, "snoozed", "state");
    expect(Date.parse(snoozed_until) > Date.now(), "a time in the future");
  });

  await check("snooze until a time of one's own", async () => {
    await view(page, ids.japanese);
    await page.locator("#snooze").click();
    await page.locator("[role=menuitem]", { hasText: "Pick a time" }).click();
    await page.locator("#snooze-until").fill("2020-01-01T09:00");
    await page.locator("dialog button[type=submit]").click();
    // The field's own minimum, or ours: either way nothing is sent.
    await page.locator("dialog[open]").waitFor();
    const day = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
    await page.locator("#snooze-until").fill(`${day}T09:30`);
    await page.locator("dialog button[type=submit]").click();
    await state(page, "Snoozed");
    expect((await ticket(ids.japanese)).snoozed_until.startsWith(`${day}T09:30`), "the chosen time");
  });

  await check("wait for the customer", async () => {
    await view(page, ids.chinese);
    await page.locator("#wait").click();
    await page.locator("[role=menuitem]", { hasText: "customer" }).click();
    await state(page, "Waiting for customer");
  });

  await check("resolve, and the conversation leaves the inbox", async () => {
    await view(page, ids.german);
    await page.locator("#resolve").click();
    await state(page, "Resolved");
    await row(page, ids.german).waitFor({ state: "detached" });
    await page.locator("#reopen").waitFor();
  });

  await check("reopen, and it comes back", async () => {
    await page.locator("#reopen").click();
    await state(page, "Open");
    await row(page, ids.german).waitFor();
    await page.locator("#timeline [data-kind=reopened]").waitFor();
    same((await ticket(ids.german)).reopened, 1, "reopened");
    await shot(page, "after-reopen");
  });

  await check("resolving can be taken back from its notice", async () => {
    await view(page, ids.portuguese);
    await page.locator("#resolve").click();
    await state(page, "Resolved");
    await page.locator(".toast .link", { hasText: "Undo" }).click();
    await page.locator("#resolve").waitFor();
    await page.locator("#timeline [data-kind=undone]").waitFor();
    await view(page, ids.german);
  });

  await check("acts are folded and can be unfolded", async () => {
    const more = page.locator(".acts-more").last();
    await more.click();
    await page.locator("#timeline [data-kind=resolved]").waitFor();
  });

  await check("a customer's message arrives in the open conversation and is announced", async () => {
    await view(page, ids.portuguese);
    await call("POST", "/v1/inbound", message({
      person: people.portuguese, channel: "instagram", language: "pt",
      text: "Ah, e vocês entregam em Lisboa?",
    }));
    await text(page, "entregam em Lisboa").waitFor();
    await page.locator("#spoken", { hasText: "New message" }).waitFor({ state: "attached" });
  });

  await check("a new conversation waits behind a pill while the pointer is at the list", async () => {
    await row(page, ids.portuguese).hover();
    const order = () => page.locator(".row").evaluateAll((rows) => rows.map((one) => one.dataset.id));
    const before = await order();
    // Old enough to belong at the top of the working order.
    const made = await call("POST", "/v1/inbound", message({ person: { name: "Otto Früh", address: "otto@example.org" }, channel: "email", language: "de", minutes: 300, subject: "Wo bleibt mein Paket?", text: "Es ist seit Montag unterwegs." }));
    await page.locator("#news", { hasText: "1 new" }).waitFor();
    same(await order(), before, "rows under the pointer");
    await shot(page, "pill");
    await page.locator("#news").click();
    await row(page, made.conversation).waitFor();
    ids.late = made.conversation;
  });

  await check("a lost answer is asked for again under the same key and happens once", async () => {
    await view(page, ids.late);
    const keys = [];
    await page.route("**/reply", async (route) => {
      keys.push(route.request().headers()["idempotency-key"]);
      if (keys.length > 1) return route.continue();
      await route.fetch();
      await route.abort("connectionreset");
    });
    await write(page, "Es kommt heute, versprochen.");
    await page.keyboard.press("Control+Enter");
    await text(page, "Es kommt heute").and(page.locator(".message.out[data-id]")).waitFor();
    await page.locator(".message.pending").waitFor({ state: "detached" });
    await page.unroute("**/reply");
    expect(keys.length >= 2 && new Set(keys).size === 1, `one key for ${keys.length} tries`);
    same((await timeline(ids.late)).filter((one) => one.direction === "out").length, 1, "replies on the server");
  });

  await check("a busy server is asked again after Retry-After", async () => {
    let tries = 0;
    await page.route("**/note", (route) => {
      tries += 1;
      return tries > 1 ? route.continue() : route.fulfill({ status: 503, headers: { "Retry-After": "1" }, contentType: "application/problem+json", body: JSON.stringify({ title: "Overloaded", status: 503, code: "overloaded", trace_id: "00" }) });
    });
    await page.locator("#mode-note").click();
    await write(page, "Parcel found in the depot.");
    await page.locator("#send").click();
    await text(page, "Parcel found").and(page.locator(".message.note[data-id]")).waitFor();
    await page.unroute("**/note");
    await page.locator("#mode-reply").click();
  });

  await check("a refusal shows its title and trace id", async () => {
    await page.route("**/resolve", (route) => route.fulfill({
      status: 409, contentType: "application/problem+json",
      body: JSON.stringify({ type: "about:blank", title: "The conversation is resolved already.", status: 409, code: "conversation.already_resolved", trace_id: "4bf92f3577b34da6a3ce929d0e0e4736" }),
    }));
    await page.locator("#resolve").click();
    await page.locator(".toast.failed", { hasText: "resolved already" }).waitFor();
    await page.locator(".toast .trace", { hasText: "4bf92f3577b34da6a3ce929d0e0e4736" }).waitFor();
    await shot(page, "refusal");
    await page.locator(".toast.failed .toast-close").click();
    await page.unroute("**/resolve");
  });

  await check("offline, a reply waits and is sent when the network is back", async () => {
    await context.setOffline(true);
    try {
      await page.locator(".banner.offline").waitFor();
      await write(page, "Und noch eine gute Nachricht.");
      await page.keyboard.press("Control+Enter");
      await page.locator(".message.pending", { hasText: "gute Nachricht" }).waitFor();
      await page.locator(".banner", { hasText: "waits here" }).waitFor();
      await shot(page, "offline");
    } finally {
      await context.setOffline(false);
    }
    await text(page, "gute Nachricht").and(page.locator(".message.out[data-id]")).waitFor();
    await page.locator(".banner").waitFor({ state: "detached" });
  });

  await check("erased and unavailable text are told apart", async () => {
    const of = `**/v1/conversations/${ids.late}`;
    const change = async (route, edit) => {
      const answer = await route.fetch();
      const body = await answer.json();
      edit(body);
      await route.fulfill({ response: answer, json: body });
    };
    await page.route(`${of}/timeline*`, (route) => change(route, (body) => {
      const written = body.data.filter((one) => one.text !== undefined);
      Object.assign(written[0], { text: null, subject: null, from: null, personal: "erased", erased_on: "2026-11-20" });
      Object.assign(written[1], { text: null, personal: "unavailable" });
      Object.assign(written[2], { attachments: null });
    }));
    await page.route(of, (route) => change(route, (body) => Object.assign(body, { personal: "erased", erased_on: "2026-11-20", subject_line: null, preview: null, requester: { ...body.requester, name: null } })));
    await page.reload();
    await page.locator("#timeline .personal.erased", { hasText: "Erased on 20 Nov 2026" }).waitFor();
    await page.locator("#timeline .personal.unavailable").getByText("Cannot be read now", { exact: true }).waitFor();
    await page.locator("#timeline .personal.unavailable").getByText("Files cannot be read now", { exact: true }).waitFor();
    await page.locator(".thread-head .personal.erased").waitFor();
    await shot(page, "erased");
    await page.unroute(`${of}/timeline*`);
    await page.unroute(of);
  });

  await check("filters are addresses, and the views of the rail are filters", async () => {
    await page.locator(".rail a", { hasText: "Snoozed" }).click();
    await row(page, ids.arabic).waitFor();
    await row(page, ids.german).waitFor({ state: "detached" });
    expect(page.url().includes("state=snoozed"), page.url());
    await page.locator(".rail a", { hasText: "Mine" }).click();
    await row(page, ids.arabic).waitFor();
    await page.goBack();
    await page.goBack();
    await row(page, ids.german).waitFor();
    expect(await page.locator(".queue").count() > 1, "queues with counts");
  });

  await check("signing out leaves nothing behind", async () => {
    await view(page, ids.german);
    await write(page, "half a sentence");
    await page.locator("#me").click();
    await page.locator("[role=menuitem]", { hasText: "Sign out" }).click();
    await page.locator(".door h1").waitFor();
    same(await page.evaluate(() => Object.values(sessionStorage).join(" ").includes("half a sentence")), false, "the draft");
    await page.reload();
    await page.locator("h1", { hasText: "Sign in" }).waitFor();
  });

  await check("a token signs in as well", async () => {
    await page.locator("#token").fill("wrong");
    await page.locator("button[type=submit]").click();
    await page.locator(".trouble-title").waitFor();
    await page.locator("#token").fill(token);
    await page.locator("button[type=submit]").click();
    await page.locator(".desk").waitFor();
  });

  await context.close();
}
