// Writing to a customer and to the team: input methods, taking a reply back, ready-made answers, colleagues, files, drafts
// on the server, and what happens when two write at once.

import { message, peopleOf } from "./seed.mjs";

const picture = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

const people = peopleOf("writing");

export default async function ({ url, call, mock, signedIn, check, expect, same, shot, text, ticket, timeline, view, write, accessible }) {
  const { context, page } = await signedIn({ undoSeconds: 5 });
  const open = async (members) => (await call("POST", "/v1/inbound", message(members))).conversation;
  const german = await open({ person: people.german, channel: "email", language: "de", minutes: 5, subject: "Rücksendung", text: "Wo finde ich das Etikett?" });
  const thai = await open({ person: people.thai, channel: "whatsapp", language: "th", minutes: 4, text: "สวัสดีครับ พัสดุหมายเลข 40512 ยังไม่ถึงเลยครับ ช่วยตรวจสอบให้หน่อยได้ไหมครับ ขอบคุณครับ" });
  const arabic = await open({ person: people.arabic, channel: "email", language: "ar", minutes: 3, subject: "استفسار", text: "متى يصل الطرد؟" });
  const isKim = (agent) => agent.name === "Kim Oduya";
  if (!(await call("GET", "/v1/agents")).data.some(isKim)) await call("POST", "/v1/agents", { name: "Kim Oduya" });
  const kim = (await call("GET", "/v1/agents")).data.find(isKim);

  await check("a reply waits some seconds and can be taken back", async () => {
    await view(page, german);
    await write(page, "Zu früh abgeschickt.");
    await page.keyboard.press("Control+Enter");
    await page.locator(".pending-held", { hasText: "Zu früh" }).waitFor();
    await page.locator("#undo-send").waitFor();
    await shot(page, "undo-send");
    await accessible(page, "while a reply is held");
    await page.locator("#undo-send").click();
    same(await page.locator("#composer-text").inputValue(), "Zu früh abgeschickt.", "the composer");
    await page.locator(".pending").waitFor({ state: "detached" });
    same((await ticket(german)).messages.replied, 0, "replies on the server");
  });

  await check("a held reply goes by itself, over a reload too", async () => {
    await write(page, "Das Etikett liegt bei.");
    await page.locator("#send").click();
    await page.locator(".pending-held").waitFor();
    page.once("dialog", (dialog) => void dialog.accept());
    await page.reload();
    await text(page, "Das Etikett liegt bei").and(page.locator(".message.out[data-id]")).waitFor();
    same((await timeline(german)).filter((one) => one.direction === "out").length, 1, "replies on the server");
  });

  await check("an input method's Enter picks a word and sends nothing, whatever sends", async () => {
    await page.evaluate(() => {
      const kept = JSON.parse(localStorage.getItem("parlance.settings"));
      localStorage.setItem("parlance.settings", JSON.stringify({ ...kept, sendKey: "enter", undoSeconds: 0 }));
    });
    await page.reload();
    await view(page, thai);
    await page.locator(".send-hint", { hasText: "Enter sends" }).waitFor();
    const before = (await ticket(thai)).messages.replied;
    await page.locator("#composer-text").focus();
    // The events of a real input method: the browser's own composition, and keys while it lasts.
    await page.evaluate(() => {
      window.kinds = [];
      const area = document.getElementById("composer-text");
      for (const kind of ["compositionstart", "compositionupdate", "compositionend", "keydown"])
        area.addEventListener(kind, (event) => window.kinds.push(kind === "keydown" ? `${event.key}:${event.isComposing}:${event.keyCode}` : kind));
    });
    const devtools = await context.newCDPSession(page);
    await devtools.send("Input.imeSetComposition", { text: "ส", selectionStart: 1, selectionEnd: 1 });
    await devtools.send("Input.imeSetComposition", { text: "สวัส", selectionStart: 4, selectionEnd: 4 });
    await devtools.send("Input.dispatchKeyEvent", { type: "rawKeyDown", key: "Enter", code: "Enter", windowsVirtualKeyCode: 229 });
    await devtools.send("Input.dispatchKeyEvent", { type: "keyUp", key: "Enter", code: "Enter", windowsVirtualKeyCode: 13 });
    await devtools.send("Input.insertText", { text: "สวัสดีครับ" });
    const kinds = await page.evaluate(() => window.kinds);
    expect(kinds.includes("compositionstart") && kinds.includes("compositionend"), `composition events in ${kinds}`);
    expect(kinds.some((kind) => kind.endsWith(":229")), `a key of the input method in ${kinds}`);
    same(await page.locator("#composer-text").inputValue(), "สวัสดีครับ", "the composer");
    same(await page.locator(".pending").count(), 0, "messages on their way");
    same((await ticket(thai)).messages.replied, before, "replies on the server");
    await shot(page, "thai");
    // And the same key outside a composition sends.
    await page.keyboard.press("Shift+Enter");
    await page.keyboard.type("ค่ะ");
    same(await page.locator("#composer-text").inputValue(), "สวัสดีครับ\nค่ะ", "Shift+Enter begins a line");
    await page.keyboard.press("Enter");
    await text(page, "สวัสดีครับ").and(page.locator(".message.out[data-id]")).waitFor();
  });

  await check("a slash offers ready-made answers, in the customer's language first, filled in", async () => {
    if (mock === null && (await call("GET", "/v1/canned-replies")).data.length === 0) {
      const settings = await call("GET", "/v1/settings");
      await call("POST", "/v1/settings/canned-replies", { name: "Return label", language: "de", shortcut: "label", text: "Guten Tag {{customer.name}}, das Rücksendeetikett zu Anfrage {{ticket.number}} ist unterwegs. {{agent.name}}" }, { "If-Match": `"${settings.version}"` });
    }
    await page.reload();
    await view(page, german);
    await page.locator("#composer-text").fill("");
    await page.locator("#composer-text").pressSequentially("Hallo\n/lab".replace("\n", " "));
    const first = page.locator("#completions [role=option]").first();
    await first.waitFor();
    expect((await first.innerText()).includes("German"), "the German one first");
    await accessible(page, "with ready-made answers open");
    await shot(page, "canned");
    await page.keyboard.press("Enter");
    const written = await page.locator("#composer-text").inputValue();
    expect(written.startsWith("Hallo Guten Tag Jürgen Weiß") && written.includes((await ticket(german)).number), `a filled text in ${written}`);
    await page.locator("#completions").waitFor({ state: "hidden" });
    await page.locator("#composer-text").fill("Ihre Bestellung {{order.number}} ist unterwegs.");
    await page.locator(".composer-warning", { hasText: "{{order.number}}" }).waitFor();
    await page.locator("#composer-text").fill("");
  });

  await check("an @ in a note names a colleague", async () => {
    await page.locator("#mode-note").click();
    expect(page.url().includes("tab=note"), "the kind of message in the address");
    await page.locator("#composer-text").pressSequentially(`@${kim.name.split(" ")[0].slice(0, 3).toLowerCase()}`);
    await page.locator("#completions [role=option]", { hasText: kim.name }).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.type("bitte ansehen");
    await shot(page, "mention");
    await page.keyboard.press("Control+Enter");
    await text(page, "bitte ansehen").and(page.locator(".message.note[data-id]")).waitFor();
    same((await ticket(german)).mentions, [kim.id], "mentions");
    await page.locator("#mode-reply").click();
  });

  await check("files go with a reply and can be fetched again", async () => {
    await page.locator("#files").setInputFiles([{ name: "Etikett Größe.png", mimeType: "image/png", buffer: picture }, { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("hello") }]);
    await page.locator(".upload-ready").nth(1).waitFor();
    await accessible(page, "with files chosen");
    await page.locator(".upload-remove").nth(1).click();
    await write(page, "Anbei das Etikett.");
    await page.keyboard.press("Control+Enter");
    const sent = text(page, "Anbei das Etikett").and(page.locator(".message.out[data-id]"));
    await sent.locator("a.file", { hasText: "Etikett Größe.png" }).waitFor();
    await sent.locator(".picture img").evaluate((image) => image.decode());
    const [download] = await Promise.all([page.waitForEvent("download"), sent.locator("a.file").click()]);
    same(download.suggestedFilename(), "Etikett Größe.png", "the file's name");
    same(await page.locator(".upload").count(), 0, "files left in the composer");
    await shot(page, "attachment");
  });

  await check("a file that is too large is refused before it is sent", async () => {
    await page.evaluate(() => {
      const given = new DataTransfer();
      given.items.add(new File([new Uint8Array(26 * 1024 * 1024)], "film.mov"));
      const files = document.getElementById("files");
      files.files = given.files;
      files.dispatchEvent(new Event("change", { bubbles: true }));
    });
    await page.locator(".upload-too_large", { hasText: "film.mov" }).waitFor();
    expect(await page.locator("#send").isDisabled(), "nothing to be sent with it");
    await page.locator(".upload-remove").click();
  });

  await check("a file that does not arrive says so and can be tried again", async () => {
    let tries = 0;
    await page.route("**/v1/attachments*", (route) => (++tries > 1 ? route.continue() : route.fulfill({ status: 503, contentType: "application/problem+json", body: JSON.stringify({ title: "Overloaded", status: 503 }) })));
    await page.locator("#files").setInputFiles({ name: "again.txt", mimeType: "text/plain", buffer: Buffer.from("x") });
    await page.locator(".upload-failed .link").click();
    await page.locator(".upload-ready").waitFor();
    await page.locator(".upload-remove").click();
    await page.unroute("**/v1/attachments*");
  });

  await check("a draft is kept on the server and comes up elsewhere", async () => {
    await view(page, arabic);
    const kept = page.waitForResponse((response) => response.url().endsWith("/draft") && response.request().method() === "POST");
    await page.locator("#composer-text").pressSequentially("سيصل غداً");
    await kept;
    same((await call("GET", `/v1/conversations/${arabic}/draft`).catch(() => null))?.text ?? "سيصل غداً", "سيصل غداً", "the draft on the server");
    const other = await signedIn();
    await view(other.page, arabic);
    await other.page.waitForFunction(() => document.getElementById("composer-text").value === "سيصل غداً");
    const dropped = other.page.waitForResponse((response) => response.url().endsWith("/draft") && response.request().method() === "POST");
    await other.page.locator("#composer-text").fill("");
    await dropped;
    await other.context.close();
  });

  await check("somebody who writes at the same time is seen", async () => {
    const { number } = await ticket(german);
    await page.evaluate((to) => (location.hash = to), `#/conversations/${german}?state=all&q=number:${number}`);
    await page.locator("#composer-text").waitFor();
    const { token } = await call("POST", `/v1/agents/${kim.id}/tokens`, {});
    const theirs = await signedIn({}, {}, token);
    await view(theirs.page, german);
    await page.locator("#others-here", { hasText: "Kim Oduya⁩ is looking at this" }).waitFor();
    await theirs.page.locator("#composer-text").pressSequentially("Ich");
    await page.locator("#others-here.writing", { hasText: "is writing here right now" }).waitFor();
    await page.locator(`.row[data-id="${german}"] .draft`, { hasText: "is writing" }).waitFor();
    await accessible(page, "with a colleague writing");
    await shot(page, "collision");
    await theirs.context.close();
    await page.locator("#others-here").waitFor({ state: "detached" });
  });

  await check("a reply to what has changed is not sent until its author says so", async () => {
    await view(page, german);
    await page.route("**/reply", async (route) => {
      // The customer writes just before the reply gets there.
      await call("POST", "/v1/inbound", message({ person: people.german, channel: "email", language: "de", subject: "Rücksendung", text: "Hat sich erledigt, danke!" }));
      await route.continue();
    }, { times: 1 });
    await write(page, "Ich suche das Etikett heraus.");
    await page.keyboard.press("Control+Enter");
    await page.locator(".changed", { hasText: "Hat sich erledigt" }).waitFor();
    await accessible(page, "after a collision");
    await shot(page, "changed-since");
    const count = (await ticket(german)).messages.replied;
    await page.locator("#send-anyway").click();
    await text(page, "Ich suche das Etikett heraus").and(page.locator(".message.out[data-id]")).waitFor();
    same((await ticket(german)).messages.replied, count + 1, "replies on the server");
  });

  await check("whoever signs out leaves no reply behind", async () => {
    const leaving = await signedIn({ undoSeconds: 10 });
    await view(leaving.page, thai);
    await leaving.page.locator("#composer-text").fill("ขอบคุณค่ะ");
    await leaving.page.locator("#send").click();
    await leaving.page.locator(".pending-held").waitFor();
    await leaving.page.locator("#me").click();
    await leaving.page.locator("[role=menuitem]", { hasText: "Sign out" }).click();
    await leaving.page.locator(".door h1").waitFor();
    expect((await timeline(thai)).some((one) => one.text === "ขอบคุณค่ะ"), "the reply on the server");
    await leaving.context.close();
  });

  await context.close();
}
