// Conversations for looking at and testing the page, posted the way any channel delivers them. Invented people,
// several scripts and directions. Returns the conversations' ids by name.

const run = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
let messages = 0;

export function client(url, token) {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(url + path, {
      method,
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  };
}

/** One inbound message; `minutes` ago. */
export function message({ minutes = 0, person, ...members }) {
  messages += 1;
  return {
    account: "shop-de",
    message_id: `page-test-${run}-${messages}`,
    occurred_at: new Date(Date.now() - minutes * 60_000).toISOString(),
    ...members,
    from: { address: `${person.address.replace("@", `+${run}@`)}`, name: person.name },
  };
}

/** The people who write in a suite. A customer's next message on a channel joins the conversation that is open there, so
 *  those of another suite are others. */
export const peopleOf = (suite) => Object.fromEntries(Object.entries(everybody).map(([name, person]) => [name, { ...person, address: person.address.replace("@", `.${suite}@`) }]));

const everybody = {
  german: { name: "Jürgen Weiß", address: "juergen@example.org" },
  arabic: { name: "ليلى الحداد", address: "layla@example.org" },
  chinese: { name: "王小明", address: "xiaoming@example.org" },
  portuguese: { name: "Ana Conceição", address: "ana@example.org" },
  thai: { name: "สมชาย ใจดี", address: "somchai@example.org" },
  japanese: { name: "佐藤 花子", address: "hanako@example.org" },
  english: { name: "Maya O’Connor", address: "maya@example.org" },
};

export async function seed(url, token, people) {
  const call = client(url, token);
  const ids = {};
  const open = async (name, body) => {
    ids[name] = (await call("POST", "/v1/inbound", message(body))).conversation;
  };

  await open("german", {
    person: people.german, channel: "email", language: "de", minutes: 24,
    subject: "Bestellung 40317: Größe passt nicht",
    text: "Guten Tag,\n\ndie Wanderschuhe aus meiner Bestellung 40317 fallen leider eine Nummer kleiner aus als gewohnt. Kann ich sie gegen Größe 43½ umtauschen? Die Schuhe sind ungetragen und in der Originalverpackung.\n\nViele Grüße\nJürgen Weiß\n\nAm Freitag schrieb der Kundendienst:\n> Ihre Bestellung ist unterwegs.\n> Wir wünschen viel Freude damit!",
  });
  await open("arabic", {
    person: people.arabic, channel: "whatsapp", language: "ar", minutes: 12,
    text: "مرحباً، لم يصلني الطرد رقم 40388 حتى الآن، مع أن صفحة التتبع (DHL) تقول إنه سُلِّم يوم الثلاثاء.\nهل يمكنكم التحقق من ذلك من فضلكم؟",
  });
  await call("POST", "/v1/inbound", message({
    person: people.arabic, channel: "whatsapp", language: "ar", minutes: 11,
    text: "رقم التتبع هو JD014600003RU والعنوان: شارع الورود 12، برلين.",
  }));
  await open("chinese", {
    person: people.chinese, channel: "marketplace", account: "market-cn", language: "zh-Hans", minutes: 3,
    subject: "订单 40412 退款咨询",
    text: "您好！我上周退回的电水壶（订单号 40412）已经签收三天了，但是还没有收到退款。请问大概什么时候可以到账？\n谢谢！",
  });
  await open("portuguese", {
    person: people.portuguese, channel: "instagram", language: "pt", minutes: 95,
    text: "Oi! A cor do vestido é igual à da foto? 😊 Queria comprar para o casamento da minha irmã.",
  });
  await open("japanese", {
    person: people.japanese, channel: "email", language: "ja", minutes: 8,
    subject: "領収書の再発行について",
    text: "お世話になっております。\n先月購入した商品の領収書を再発行していただくことは可能でしょうか。宛名は「佐藤商店」でお願いいたします。",
  });
  await open("english", {
    person: people.english, channel: "chat", language: "en", minutes: 1,
    html: "<p>Hi there,</p><p>is the <b>blue</b> one back in stock &amp; can I collect it today?</p><script>document.title='broken'</script><img src=x onerror=\"document.title='broken'\">",
    attachments: [{ name: "photo of shelf.jpg", type: "image/jpeg", data: "A".repeat(4000) }],
  });
  return ids;
}
