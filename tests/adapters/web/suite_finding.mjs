// Finding conversations and moving among them: the filter's words, views with counts, a very long list, rows that stay
// under the pointer while the server tells of changes, and everything from the keyboard.

import { message } from "./seed.mjs";

export default async function ({ url, call, signedIn, tab, check, expect, same, shot, row, ticket, view, accessible }) {
  const { context, page } = await signedIn();
  const run = Math.random().toString(36).slice(2, 7);
  const open = async (name, members = {}) => (await call("POST", "/v1/inbound", message({
    person: { name, address: `${run}.${name.toLowerCase().replaceAll(" ", ".")}@example.org` }, channel: "email", language: "en", text: `A question of ${name}.`, account: `store-${run}`, ...members,
  }))).conversation;
  const urgent = await open("Uma Urgent", { language: "fr", minutes: 40 });
  const calm = await open("Carl Calm", { minutes: 2 });
  await call("POST", `/v1/conversations/${urgent}/priority`, { priority: "urgent" });
  const find = page.locator("#find");

  await check("terms become chips, with help while typing, and stand in the address", async () => {
    await row(page, urgent).waitFor();
    await page.locator(".list-head h1").click();
    await page.keyboard.press("/");
    await page.locator("#find:focus").waitFor();
    await page.keyboard.type("prio");
    await page.locator("#find-suggestions [role=option]", { hasText: "priority:" }).waitFor();
    await shot(page, "find-suggestions");
    await accessible(page, "with suggestions open");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.keyboard.type("urg");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.locator(".term", { hasText: "priority:urgent" }).waitFor();
    await find.fill(`account:store-${run}`);
    await page.keyboard.press("Enter");
    await row(page, urgent).waitFor();
    await row(page, calm).waitFor({ state: "detached" });
    expect(decodeURIComponent(page.url()).replaceAll("+", " ").includes(`q=priority:urgent account:store-${run}`), page.url());
    await page.goBack();
    await page.goForward();
    await row(page, urgent).waitFor();
    same(await page.locator(".row").count(), 1, "rows found");
    await shot(page, "find");
  });

  await check("a wrong term is explained with its place", async () => {
    await find.fill("colour:red");
    await page.keyboard.press("Enter");
    await page.locator(".list-pane .trouble").waitFor();
    expect(/character \d/i.test(await page.locator(".list-pane .trouble").innerText()), "the place of the fault");
    await find.focus();
    // Backspace opens the last chip again, so that it can be put right.
    await page.keyboard.press("Backspace");
    same(await find.inputValue(), "colour:red", "the chip, to be changed");
    await find.fill("");
    await row(page, urgent).waitFor();
  });

  await check("an address of a person is searched for and stands in no address", async () => {
    const person = message({ person: { name: "x", address: "x@example.org" } });
    const sent = (await call("GET", `/v1/conversations/${calm}/timeline`)).data.find((one) => one.kind === "message").from.address;
    const asked = page.waitForRequest((request) => request.url().endsWith("/v1/conversations/search"));
    await page.locator(".find-clear").click();
    await find.fill(`from:${sent}`);
    await page.keyboard.press("Enter");
    same(JSON.parse((await asked).postData()).q.includes(sent), true, "the address in the body");
    await row(page, calm).waitFor();
    expect(!page.url().includes("from") && !page.url().includes(encodeURIComponent(sent)), page.url());
    await page.locator(".find-clear").click();
    await row(page, urgent).waitFor();
    expect(person.account !== undefined, "a message");
  });

  await check("a view is saved with its filter, counted, changed and removed", async () => {
    // A server that keeps no views offers no saving.
    if (!(await call("GET", "/v1/views").then(() => true, () => false))) return same(await page.locator("#save-view").count(), 0, "offers to save");
    await find.fill(`account:store-${run}`);
    await page.keyboard.press("Enter");
    await page.locator("#save-view").click();
    await page.locator("#view-name").fill(`Store ${run}`);
    await accessible(page, "saving a view");
    await page.locator("dialog button[type=submit]").click();
    const link = page.locator(".rail a", { hasText: `Store ${run}` });
    await link.waitFor();
    await link.locator(".badge", { hasText: "2" }).waitFor();
    await open("Vera View");
    await link.locator(".badge", { hasText: "3" }).waitFor();
    await page.locator(".rail a", { hasText: "Inbox" }).click();
    await link.click();
    await row(page, calm).waitFor();
    await page.locator("h1", { hasText: `Store ${run}` }).waitFor();
    same(await page.locator(".row").count(), 3, "rows of the view");
    await shot(page, "saved-view");
    await page.locator("#save-view").click();
    await page.locator("#remove-view").click();
    await link.waitFor({ state: "detached" });
  });

  await check("what the server tells is shown at once, without a poll", async () => {
    await page.locator(".rail a", { hasText: "Inbox" }).click();
    await row(page, calm).waitFor();
    await page.waitForFunction(() => document.querySelector(".polling") === null);
    let lists = 0;
    page.on("request", (request) => (lists += /\/v1\/conversations\?/.test(request.url()) ? 1 : 0));
    await page.mouse.move(900, 10);
    const made = await open("Tilda Told", { minutes: 500 });
    await row(page, made).waitFor();
    expect(lists <= 1, `no polling: ${lists} reads of the list`);
    page.removeAllListeners("request");
  });

  await check("without the live connection the page polls, says so, and listens again when it is back", async () => {
    const other = await tab(context);
    let down = false;
    const sockets = [];
    await other.routeWebSocket("**/v1/live", (socket) => {
      if (down) return void socket.close();
      socket.connectToServer();
      sockets.push(socket);
    });
    await other.reload();
    await row(other, calm).waitFor();
    await other.waitForFunction(() => document.querySelector(".polling") === null);
    down = true;
    for (const socket of sockets) await socket.close();
    await other.locator(".polling").waitFor();
    await other.mouse.move(900, 10);
    const made = await open("Paul Polled", { minutes: 400 });
    await row(other, made).waitFor();
    await shot(other, "polling");
    down = false;
    await other.locator(".polling").waitFor({ state: "detached" });
    await other.close();
  });

  await check("rows stay under the pointer while the list changes", async () => {
    const other = await tab(context);
    await row(other, calm).waitFor();
    await other.locator(".row").nth(1).hover();
    const order = () => other.locator(".row").evaluateAll((rows) => rows.map((one) => one.dataset.id));
    const before = await order();
    await open("Nora New", { minutes: 900 });
    await open("Nils New", { minutes: 901 });
    await other.locator("#news", { hasText: "2 new" }).waitFor();
    same(await order(), before, "rows under the pointer");
    await other.locator("#news").click();
    await other.locator(".row", { hasText: "Nils New" }).waitFor();
    await other.close();
  });

  await check("the focus stays on its row while the list changes", async () => {
    const other = await tab(context);
    await row(other, calm).waitFor();
    await row(other, calm).locator("a").focus();
    await call("POST", `/v1/conversations/${calm}/priority`, { priority: "high" });
    await open("Fay Focus", { minutes: 950 });
    await row(other, calm).locator(".priority-high").waitFor();
    same(await other.evaluate(() => document.activeElement.closest(".row")?.dataset.id), calm, "the row with the focus");
    await other.close();
  });

  await check("panes are as wide as they were left, and can be put away", async () => {
    const fresh = await signedIn();
    await view(fresh.page, calm);
    const width = async () => Math.round((await fresh.page.locator(".list-pane").boundingBox()).width);
    const before = await width();
    const line = await fresh.page.locator("#resize-list").boundingBox();
    await fresh.page.mouse.move(line.x + 4, 400);
    await fresh.page.mouse.down();
    await fresh.page.mouse.move(line.x + 64, 400, { steps: 4 });
    await fresh.page.mouse.up();
    same(await width(), before + 60, "the list after the drag");
    await fresh.page.locator("#resize-list").focus();
    await fresh.page.keyboard.press("ArrowLeft");
    same(await width(), before + 44, "the list after a key");
    await fresh.page.reload();
    await fresh.page.locator("#composer-text").waitFor();
    same(await width(), before + 44, "the list after a reload");
    await fresh.page.locator("#toggle-list").click();
    await fresh.page.locator(".list-pane").waitFor({ state: "hidden" });
    await accessible(fresh.page, "without the list");
    await fresh.page.locator("#toggle-list").click();
    await fresh.page.locator("#toggle-details").click();
    await fresh.page.locator(".sidebar").waitFor({ state: "detached" });
    await fresh.page.locator("#density").click();
    await fresh.page.locator(".desk.compact").waitFor();
    await shot(fresh.page, "compact");
    await accessible(fresh.page, "with compact lines");
    await fresh.context.close();
  });

  await check("the palette finds actions by some of their letters, the last used first", async () => {
    await view(page, calm);
    await page.keyboard.press("Control+k");
    await page.locator("#palette").waitFor();
    await page.keyboard.type("asme");
    const first = page.locator("#palette-list [role=option]").first();
    same((await first.innerText()).split("\n")[0], "Assign to me", "the best match");
    await accessible(page, "in the palette");
    await shot(page, "palette");
    await page.keyboard.press("Enter");
    await page.locator("#timeline [data-kind=assigned], #timeline [data-kind=claimed]").first().waitFor();
    await page.keyboard.press("Control+k");
    same((await page.locator("#palette-list [role=option]").first().innerText()).split("\n")[0].length > 0, true, "an action");
    const { number } = await ticket(urgent);
    await page.keyboard.type(number);
    await page.keyboard.press("Enter");
    await page.waitForFunction((id) => location.hash.includes(id), urgent);
  });

  await check("two keys in a row go places, remapped keys work, and switched-off ones do not", async () => {
    await page.locator("#timeline article").first().waitFor();
    await page.locator("#timeline").focus();
    await page.keyboard.press("g");
    await page.keyboard.press("m");
    await page.locator("h1", { hasText: "Mine" }).waitFor();
    await page.keyboard.press("g");
    await page.keyboard.press("t");
    await page.locator(".settings-page h1").waitFor();
    await page.getByRole("textbox", { name: "Resolve", exact: true }).fill("y");
    await accessible(page, "in the preferences");
    await page.locator(".settings-page h1").click();
    await page.keyboard.press("g");
    await page.keyboard.press("i");
    await view(page, calm);
    await page.locator("#timeline").focus();
    await page.keyboard.press("e");
    await page.keyboard.press("y");
    await page.locator("#reopen").waitFor();
    same((await ticket(calm)).state, "resolved", "state");
    await page.keyboard.press("u");
    await page.locator("#resolve").waitFor();
    await page.evaluate(() => localStorage.setItem("parlance.settings", JSON.stringify({ ...JSON.parse(localStorage.getItem("parlance.settings")), letters: {}, singleKeys: false })));
    await page.reload();
    await page.locator("#timeline article").first().waitFor();
    await page.locator("#timeline").focus();
    await page.keyboard.press("e");
    await page.keyboard.press("Alt+r");
    await page.locator("#composer-text:focus").waitFor();
    same((await ticket(calm)).state !== "resolved", true, "nothing resolved");
  });

  await check("several conversations are selected and resolved at once", async () => {
    const other = await tab(context);
    const [one, two] = [await open("Bea Bulk", { minutes: 1000 }), await open("Ben Bulk", { minutes: 1001 })];
    await row(other, two).waitFor();
    for (const id of [one, two]) {
      await row(other, id).hover();
      await row(other, id).locator("input").check();
    }
    await other.locator(".selection-count", { hasText: "2 selected" }).waitFor();
    await accessible(other, "with rows selected");
    await shot(other, "selection");
    await other.locator("#select-resolve").click();
    await other.locator(".toast", { hasText: "2 conversations" }).waitFor();
    same([(await ticket(one)).state, (await ticket(two)).state], ["resolved", "resolved"], "states");
    await other.close();
  });

  await context.close();
}
