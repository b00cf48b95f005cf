// The filter grammar of the double: the keys and values that the page offers, over one ticket at a time.

const active = ["new", "open", "waiting_customer", "waiting_third_party", "snoozed"];
const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export class FilterFault extends Error {
  constructor(offset, detail) {
    super(detail);
    this.offset = offset;
  }
}

/** A predicate over tickets. `names` gives ids by name: {me, agents, queues, teams, tags, types}. */
export function parseFilter(q, names, inUrl) {
  const tests = [];
  for (const found of (q ?? "").matchAll(/(?:"[^"]*"|[^\s"])+/g)) {
    const term = found[0];
    const not = term.startsWith("-");
    const rest = not ? term.slice(1) : term;
    const colon = rest.indexOf(":");
    const key = colon < 0 ? "number" : rest.slice(0, colon);
    const text = colon < 0 ? rest : rest.slice(colon + 1);
    if (colon < 0 && !/^\d+$/.test(text)) throw new FilterFault(found.index, `“${text}” is no term: write key:value, such as tag:refund`);
    if (text === "") throw new FilterFault(found.index + rest.length, `${key}: needs a value`);
    const values = [...text.matchAll(/"([^"]*)"|([^,"]+)/g)].map((value) => value[1] ?? value[2]);
    const test = testOf(key, values, names, found.index, inUrl);
    tests.push(not ? (ticket) => !test(ticket) : test);
  }
  return (ticket) => tests.every((test) => test(ticket));
}

function testOf(key, values, names, offset, inUrl) {
  const lower = values.map((value) => value.toLowerCase());
  const any = (of) => (ticket) => lower.includes(String(of(ticket) ?? "none").toLowerCase());
  const named = (of) => (ticket) => {
    const one = of(ticket);
    return one == null ? lower.includes("none") : values.includes(one.id) || lower.includes(one.name.toLowerCase());
  };
  const due = (ticket) => (ticket.first_response.state === "running" ? Date.parse(ticket.first_response.due_at) - Date.now() : null);
  switch (key) {
    case "state": return (ticket) => values.some((value) => value === ticket.state || (value === "active" && active.includes(ticket.state)));
    case "assignee": return (ticket) => values.some((value) => value === "me" ? ticket.assignee?.id === names.me : value === "none" ? ticket.assignee === null : named((one) => one.assignee)(ticket));
    case "queue": return named((ticket) => ticket.queue);
    case "team": return named((ticket) => ticket.team);
    case "type": return named((ticket) => ticket.type);
    case "sub_state": return named((ticket) => ticket.sub_state);
    case "tag": return (ticket) => ticket.tags.some((tag) => values.includes(tag.id) || lower.includes(tag.name.toLowerCase()));
    case "channel": return any((ticket) => ticket.channel);
    case "account": return any((ticket) => ticket.account);
    case "lang": return (ticket) => lower.some((value) => ticket.language.toLowerCase().split("-")[0] === value || ticket.language.toLowerCase() === value);
    case "priority": return any((ticket) => ticket.priority);
    case "number": return any((ticket) => ticket.number);
    case "mentions": return (ticket) => (ticket.mentions ?? []).includes(names.me);
    case "subject": return any((ticket) => ticket.requester.id);
    case "messages": return (ticket) => compare(values[0], ticket.messages.received + ticket.messages.replied);
    case "rating": return (ticket) => ticket.ratings.some((rating) => compare(values[0], rating.score));
    case "created": return (ticket) => compareText(values[0], ticket.created_at);
    case "updated": return (ticket) => compareText(values[0], ticket.updated_at);
    case "sla": return (ticket) => values.some((value) => {
      const left = due(ticket);
      if (value === "late") return left !== null && left <= 0;
      if (value === "soon") return left !== null && left > 0 && left < 600_000;
      if (value === "ok") return left !== null && left >= 600_000;
      if (value === "breached" || value === "met") return ticket.first_response.state === value;
      const span = /^<(\d+)([smhd])$/.exec(value);
      return span !== null && left !== null && left < Number(span[1]) * units[span[2]];
    });
    case "is": return (ticket) => values.some((value) => {
      switch (value) {
        case "unassigned": return ticket.assignee === null;
        case "mine": return ticket.assignee?.id === names.me;
        case "late": return due(ticket) !== null && due(ticket) <= 0;
        case "soon": return due(ticket) !== null && due(ticket) > 0 && due(ticket) < 600_000;
        case "reopened": return ticket.reopened > 0;
        case "spam": return ticket.state === "spam";
        case "waiting": return ticket.state.startsWith("waiting");
        case "unanswered": return ticket.unanswered_since !== null;
        default: throw new FilterFault(offset, `is:${value} is not known`);
      }
    });
    case "from":
      if (inUrl) throw new FilterFault(offset, "from: must not stand in a URL");
      return (ticket) => names.addressOf(ticket).endsWith(values[0]);
    default:
      if (key.startsWith("field.")) return (ticket) => lower.includes(String(ticket.fields[key.slice(6)] ?? "none").toLowerCase());
      throw new FilterFault(offset, `“${key}” is not a key of the filter`);
  }
}

function compare(text, value) {
  const [, sign, number] = /^([<>]=?)?(\d+)$/.exec(text) ?? [];
  const wanted = Number(number);
  return sign === "<" ? value < wanted : sign === ">" ? value > wanted : sign === "<=" ? value <= wanted : sign === ">=" ? value >= wanted : value === wanted;
}
const compareText = (text, value) => (text.startsWith(">") ? value > text.slice(1) : text.startsWith("<") ? value < text.slice(1) : value.startsWith(text));
