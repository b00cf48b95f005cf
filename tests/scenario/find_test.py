"""Finding conversations over HTTP: the filter grammar in lists, searches and counts, by number, address and order, with faults that
name the character; and nothing that names a person in a URL or in what is stored.

Each filter's answer is held against the tickets themselves, looked at one by one.
"""

import json
import os
import random
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
from desk import Desk, from_now  # noqa: E402

cases = 0
faults = []


def check(name, good, seen=""):
    global cases
    cases += 1
    if not good:
        faults.append(name)
        print(f"FAILED  {name}: {str(seen)[:1500]}")


def quote(text):
    return urllib.parse.quote(text, safe="")


def seed(desk):
    """A small shop with some of everything. Returns the conversations' ids."""
    chance = random.Random(7)
    desk.settings(first_response_seconds=3600, auto_close_seconds=None)
    queues = {name: desk.post("/v1/queues", {"name": name})["id"] for name in ("Returns", "Late, very", "-formula")}
    tags = {name: desk.post("/v1/tags", {"name": name})["id"] for name in ("refund", "vip customer", "rare")}
    agents = {name: desk.post("/v1/agents", {"name": name})["id"] for name in ("Kim", "Ada Löve")}
    ids, orders = [], {}
    for i in range(60):
        channel = chance.choice(["email", "chat", "whatsapp"])
        address = f"+4915{i:07d}" if channel == "whatsapp" else f"person{i}@example.org"
        more = {"language": chance.choice(["de", "fr", "zh-Hant"])}
        if i % 5 == 0:
            more["order"] = f"DE-{1000 + i % 3}"
        if i % 4 == 0:
            more["occurred_at"] = from_now(-7200 - 86400 * (i % 7))
        got = desk.inbound(channel, chance.choice(["shop-de", "shop-fr"]), address, f"m{i}", f"hello {i}", **more)
        cnv = got["conversation"]
        ids.append(cnv)
        if "order" in more:
            orders.setdefault(more["order"], set()).add(cnv)
        if i % 3 == 0:
            desk.post(f"/v1/conversations/{cnv}/assign", {"agent": chance.choice(list(agents.values())),
                                                          "queue": chance.choice(list(queues.values()))})
        if i % 6 == 1:
            desk.post(f"/v1/conversations/{cnv}/claim", {})
        if i % 4 == 1:
            desk.post(f"/v1/conversations/{cnv}/tags", {"add": chance.sample(["refund", "vip customer"], 1 + i % 2)})
        if i % 5 == 2:
            desk.post(f"/v1/conversations/{cnv}/reply", {"text": "soon"})
        if i % 7 == 3:
            desk.post(f"/v1/conversations/{cnv}/resolve", {})
        if i % 14 == 3:
            desk.post(f"/v1/conversations/{cnv}/reopen", {})
        if i % 9 == 4:
            desk.post(f"/v1/conversations/{cnv}/wait", {"for": "customer"})
        if i % 11 == 5:
            desk.post(f"/v1/conversations/{cnv}/priority", {"priority": "urgent"})
    desk.post(f"/v1/conversations/{ids[5]}/tags", {"add": ["rare"]})
    return ids, orders, agents, queues


def answers_of_filters(desk, ids, me):
    """Every filter shows what a look at each ticket says it should, in a GET, in a search and in the counts."""
    tickets = [desk.ticket(cnv) for cnv in ids]
    active = ("new", "open", "waiting_customer", "waiting_third_party", "snoozed")

    def tags(t):
        return {tag["name"] for tag in t["tags"]}

    def who(t):
        return (t["assignee"] or {}).get("name")

    wanted = {
        "": lambda t: True,
        "state:open": lambda t: t["state"] == "open",
        "state:resolved,closed": lambda t: t["state"] in ("resolved", "closed"),
        "-state:waiting": lambda t: t["state"] != "waiting_customer",
        "is:unassigned": lambda t: t["assignee"] is None,
        "assignee:me": lambda t: (t["assignee"] or {}).get("id") == me,
        "is:mine": lambda t: (t["assignee"] or {}).get("id") == me,
        "assignee:kim": lambda t: who(t) == "Kim",
        'assignee:"Ada Löve",none': lambda t: who(t) in ("Ada Löve", None),
        "queue:Returns": lambda t: t["queue"]["name"] == "Returns",
        'queue:"late, very"': lambda t: t["queue"]["name"] == "Late, very",
        "channel:chat,whatsapp -lang:fr": lambda t: t["channel"] != "email" and t["language"] != "fr",
        "lang:zh": lambda t: t["language"] == "zh-Hant",
        "account:shop-de": lambda t: t["account"] == "shop-de",
        "tag:refund": lambda t: "refund" in tags(t),
        'tag:"vip customer" -tag:refund': lambda t: "vip customer" in tags(t) and "refund" not in tags(t),
        "tag:rare": lambda t: "rare" in tags(t),
        "tag:none": lambda t: not t["tags"],
        "priority:urgent": lambda t: t["priority"] == "urgent",
        "is:reopened": lambda t: t["reopened"] > 0,
        "reopened:>0": lambda t: t["reopened"] > 0,
        "is:unanswered": lambda t: t["unanswered_since"] is not None,
        "messages:>1": lambda t: t["messages"]["received"] + t["messages"]["replied"] > 1,
        "is:late": lambda t: t["first_response"]["due_at"] is not None and t["first_response"]["due_at"] < from_now(0)
                   and t["first_response"]["state"] in ("running", "breached") and t["first_response"]["at"] is None
                   and t["state"] in active,
        "sla:met": lambda t: t["first_response"]["state"] == "met",
        "sla:<2h -sla:late": lambda t: t["first_response"]["state"] == "running" and t["first_response"]["due_at"] > from_now(0),
        "created:<1h": lambda t: t["created_at"] > from_now(-3600),
        "created:>2d": lambda t: t["created_at"] < from_now(-2 * 86400),
        "created:2020-01-01..2030-01-01": lambda t: True,
        "resolved:<1h": lambda t: t["resolved_at"] is not None,
        "state:active -is:unassigned tag:none": lambda t: t["state"] in active and t["assignee"] and not t["tags"],
    }
    shown = 0
    counted = desk.get("/v1/conversations/counts?" + "&".join("q=" + quote(q) for q in wanted))["data"]
    for (q, passes), count in zip(wanted.items(), counted):
        names_states = any(not word.startswith("-") and word.startswith("state:") for word in q.split())
        expected = {t["id"] for t in tickets if passes(t)}
        in_work = expected if names_states else {t["id"] for t in tickets if passes(t) and t["state"] in active}
        for sort in ("newest", "oldest", "updated"):
            got = desk.every(f"/v1/conversations?sort={sort}&q={quote(q)}")
            check(f"{q} by {sort}", [t["id"] for t in got] and {t["id"] for t in got} == expected and len(got) == len(expected)
                  or not got and not expected, ([t["number"] for t in got], len(expected)))
        got = desk.every(f"/v1/conversations?q={quote(q)}")
        check(f"{q} in working order", {t["id"] for t in got} == in_work, (len(got), len(in_work)))
        check(f"{q} counted", count["q"] == q and count["count"] == len(in_work) and count["complete"], (count, len(in_work)))
        searched, after = [], None
        while True:
            body = {"q": q, "limit": 7, **({"after": after} if after else {})}
            page = desk.post("/v1/conversations/search", body)
            searched += [t["id"] for t in page["data"]]
            after = page["page"]["next"]
            if not page["page"]["has_more"]:
                break
        check(f"{q} searched", searched == [t["id"] for t in got], len(searched))
        shown += len(expected)
    check("the filters show something", shown > 300, shown)
    check("counts of a body", desk.post("/v1/conversations/counts", {"q": ["state:open", "is:mine"]})["data"][0]["count"]
          == sum(t["state"] == "open" for t in tickets))


def by_number_order_and_address(desk, ids, orders):
    ticket = desk.ticket(ids[3])
    for q in (ticket["number"], "number:" + ticket["number"], f"number:1,{ticket['number']}"):
        got = desk.get("/v1/conversations?q=" + q)["data"]
        check(f"number {q}", [t["id"] for t in got] == [ids[3]], got)
    check("a number nobody has", desk.get("/v1/conversations?q=9999999")["data"] == [])
    for order, expected in orders.items():
        for written in (order, order.lower(), "%23" + order):
            got = desk.every(f"/v1/conversations?q=order:{written}")
            check(f"order {written}", {t["id"] for t in got} == expected, got)
        got = desk.every(f"/v1/conversations?q=order:{order}%20channel:email&sort=newest")
        check(f"order {order} by mail", {t["id"] for t in got}
              == {c for c in expected if desk.ticket(c)["channel"] == "email"}, got)
    got = desk.every("/v1/conversations?sort=newest&q=-order:DE-1000")
    check("not of an order", {t["id"] for t in got} == set(ids) - orders["DE-1000"], len(got))
    check("no such order", desk.get("/v1/conversations?q=order:DE-9")["data"] == [])
    by_mail = next(i for i, cnv in enumerate(ids) if desk.ticket(cnv)["channel"] == "email")
    for written in (f"person{by_mail}@example.org", f"PERSON{by_mail}@Example.org", f" person{by_mail}@example.org "):
        got = desk.post("/v1/conversations/search", {"q": f'from:"{written}"'})["data"]
        check(f"from {written}", [t["id"] for t in got] == [ids[by_mail]], got)
        got = desk.post("/v1/conversations/search", {"q": f'-from:"{written}"', "sort": "newest", "limit": 200})["data"]
        check(f"not from {written}", {t["id"] for t in got} == set(ids) - {ids[by_mail]}, len(got))
    got = desk.post("/v1/conversations/search", {"q": "from:nobody@example.org"})["data"]
    check("from nobody", got == [], got)
    subject = desk.ticket(ids[0])["requester"]["id"]
    got = desk.get("/v1/conversations?q=subject:" + subject)["data"]
    check("of a customer", [t["id"] for t in got] == [ids[0]], got)


def cursors(desk):
    """A cursor is of one filter, of one order and of one caller."""
    first = desk.get("/v1/conversations?limit=2&sort=newest&q=state:active")
    after = first["page"]["next"]
    check("there is more", first["page"]["has_more"] and len(first["data"]) == 2, first["page"])
    check("it goes on", desk.call("GET", f"/v1/conversations?limit=2&sort=newest&q=state:active&after={after}").status == 200)
    for name, path in {
        "another filter": f"/v1/conversations?limit=2&sort=newest&q=state:open&after={after}",
        "no filter": f"/v1/conversations?limit=2&sort=newest&after={after}",
        "another order": f"/v1/conversations?limit=2&sort=oldest&q=state:active&after={after}",
        "one character changed": f"/v1/conversations?limit=2&sort=newest&q=state:active&after={'A' if after[0] != 'A' else 'B'}{after[1:]}",
        "cut": f"/v1/conversations?limit=2&sort=newest&q=state:active&after={after[:-4]}",
    }.items():
        answer = desk.call("GET", path)
        check("a cursor with " + name, answer.status == 422 and answer.code == "cursor.unknown", answer)
    answer = desk.call("POST", "/v1/conversations/search", {"q": "state:active", "sort": "newest", "after": after})
    check("a list's cursor in a search", answer.status == 422 and answer.code == "cursor.unknown", answer)
    kim = desk.post("/v1/agents", {"name": "Other"})["id"]
    token = desk.post(f"/v1/agents/{kim}/tokens", {})["token"]
    answer = desk.call("GET", f"/v1/conversations?limit=2&sort=newest&q=state:active&after={after}", token=token)
    check("somebody else's cursor", answer.status == 422, answer)
    answer = desk.call("GET", "/v1/conversations?q=is:mine", token=token)
    check("another agent's own", answer.status == 200 and answer.body["data"] == [], answer)


def what_agents_note(desk, ids, agents):
    """Types, fields, sub-states, ratings, mentions and spam: in filters, and the ratings in reports."""
    def word(path, body):
        return desk.post("/v1/settings/" + path, body, headers={"If-Match": desk.call("GET", "/v1/settings").headers["etag"]})

    word("types", {"name": "Lost parcel"})
    word("fields", {"name": "Size", "kind": "choice", "choices": ["XL, wide", "S"]})
    word("fields", {"name": "Weight", "kind": "number"})
    word("fields", {"name": "Bought at", "kind": "date"})
    word("fields", {"name": "Gift", "kind": "boolean"})
    word("fields", {"name": "Remark", "kind": "text"})
    one, two, three = ids[1], ids[2], ids[8]
    desk.post(f"/v1/conversations/{one}/type", {"type": "Lost parcel"})
    for cnv, fields in ((one, {"Size": "XL, wide", "Weight": 2.5, "Bought at": "2026-11-01", "Gift": True}),
                        (two, {"Size": "S", "Weight": 10, "Gift": False, "Remark": "secret"})):
        desk.post(f"/v1/conversations/{cnv}/fields", {"fields": fields},
                  headers={"If-Match": f'"{desk.ticket(cnv)["version"]}"'})
    desk.post(f"/v1/conversations/{two}/note", {"text": "look", "mentions": [agents["Kim"]]})
    desk.post(f"/v1/conversations/{three}/spam", {})
    for cnv, kind, score in ((one, "csat", 5), (one, "csat", 2), (two, "csat", 4), (two, "nps", 9), (one, "nps", 3)):
        desk.post(f"/v1/conversations/{cnv}/rating", {"kind": kind, "score": score})
    for q, expected in {
        'type:"lost parcel"': {one}, '-type:none': {one}, 'field.Size:"xl, wide"': {one}, "field.size:S": {two},
        "-field.Size:none": {one, two}, "field.Weight:2.5": {one}, "field.Weight:>3": {two}, "field.weight:2..11": {one, two},
        'field."Bought at":2026-11-01': {one}, 'field."Bought at":>2026-11-01': set(), "field.Gift:yes": {one},
        "field.Gift:no": {two}, "-field.Remark:none": {two}, "mentions:Kim": {two}, "mentions:me": set(), "rating:<3": {one},
        "rating:4": {two}, "state:spam": {three}, "is:spam": {three}, "is:spam,reopened -is:reopened": {three},
    }.items():
        got = desk.every("/v1/conversations?sort=newest&q=" + quote(q))
        check(q, {t["id"] for t in got} == expected, [t["id"] for t in got])
    for q, code in {"field.Nothing:x": "filter.unknown_name", "field.Size:M": "filter.unknown_name", "field.Remark:secret": "filter.not_available",
                    "field.Weight:heavy": "filter.not_a_number", "field.Gift:maybe": "filter.unknown_value", "type:Nothing": "filter.unknown_name",
                    "rating:good": "filter.not_a_number", "mentions:none": "filter.unknown_value"}.items():
        answer = desk.call("GET", "/v1/conversations?q=" + quote(q))
        check(f"{q} is a fault", answer.status == 422 and answer.code == code, answer)
    csat = desk.get("/v1/reports/csat")
    check("the satisfaction", csat["counted"] == 2 and csat["total"]["value"] == 3 and csat["total"]["share_content"] == 0.5 and
          csat["left_out"] == [{"reason": "corrected", "count": 1}], csat)
    check("its response rate", csat["total"]["response_rate"] == 2 / csat["total"]["resolved"], csat["total"])
    items = desk.every("/v1/reports/csat/explain")
    check("its list", sorted((i["conversation"], i["value"], i["counted"]) for i in items) ==
          sorted([(one, 0, False), (one, 2, True), (two, 4, True)]), items)
    nps = desk.get("/v1/reports/nps")
    check("the promoters", nps["total"]["value"] == 0 and nps["total"]["promoters"] == nps["total"]["detractors"] == 1, nps)
    check("the effort", desk.get("/v1/reports/ces")["total"]["value"] is None)
    created = desk.get("/v1/reports/created?by=type&from=2020-01-01")
    check("spam is left out", created["left_out"] == [{"reason": "spam", "count": 1}] and created["counted"] == len(ids) - 1, created)
    table = desk.call("GET", "/v1/reports/csat?by=agent", headers={"Accept": "text/csv"})
    check("a table of ratings", table.status == 200 and "response_rate" in table.body.splitlines()[0], table)


def of_teams(desk, ids, agents):
    customs = desk.post("/v1/teams", {"name": "Customs office", "agents": [agents["Kim"]]})["id"]
    desk.post("/v1/teams", {"name": "Returns"})
    handed = {ids[4], ids[5]}
    for cnv in handed:
        desk.post(f"/v1/conversations/{cnv}/transfer", {"team": customs, "reason": "it is held there"})
    everything = {t["id"] for t in desk.every("/v1/conversations?sort=newest")}
    in_work = {t["id"] for t in desk.every("/v1/conversations")}
    for q, expected in {'team:"customs OFFICE"': handed, "-team:none": handed, f"team:{customs}": handed, "team:Returns": set(),
                        'team:"Customs office",Returns': handed, "team:none": everything - handed,
                        '-team:"Customs office"': everything - handed}.items():
        got = desk.every("/v1/conversations?sort=newest&q=" + quote(q))
        check(q, {t["id"] for t in got} == expected, [t["id"] for t in got])
        count = desk.get("/v1/conversations/counts?q=" + quote(q))["data"][0]["count"]
        check(f"the count of {q}", count == len(expected & in_work), count)
    check("the team of a ticket", desk.ticket(ids[4])["team"] == {"id": customs, "name": "Customs office"}, desk.ticket(ids[4])["team"])
    waiting = {row["key"]: row["value"] for row in desk.get("/v1/reports/backlog?by=team")["data"]}
    active = [cnv for cnv in handed if desk.ticket(cnv)["state"] not in ("resolved", "closed", "spam")]
    check("the backlog of a team", waiting.get(customs, 0) == len(active), waiting)


def saved_views(desk):
    """An agent's own views and shared ones: who sees and changes them, that they survive, and that their words lie sealed."""
    def token_of(name, role):
        agent = desk.post("/v1/agents", {"name": name, "role": role})["id"]
        return agent, desk.post(f"/v1/agents/{agent}/tokens", {})["token"]
    (vera, hers), (_, other), (_, leads) = token_of("Vera", "agent"), token_of("Otto", "agent"), token_of("Lea", "lead")
    private = desk.post("/v1/views", {"name": "Needle-Mueller's order", "q": "order:NEEDLE-77 -tag:refund"}, token=hers)["id"]
    shared = desk.post("/v1/views", {"name": "Überfällig", "q": 'is:late queue:"Late, very"', "sort": "newest", "shared": True}, token=hers)["id"]

    def seen(token):
        return {v["id"]: v for v in desk.get("/v1/views?counts=true", token=token)["data"]}

    check("her own and the shared one", set(seen(hers)) == {private, shared}, seen(hers))
    check("others see the shared one alone", set(seen(other)) == set(seen(leads)) == {shared}, seen(other))
    view = seen(other)[shared]
    check("what a view is", (view["name"], view["q"], view["sort"], view["shared"], view["mine"], view["owner"]["id"], view["changeable"]) ==
          ("Überfällig", 'is:late queue:"Late, very"', "newest", True, False, vera, False), view)
    check("a view's count", view["count"] == desk.get("/v1/conversations/counts?q=" + quote(view["q"]))["data"][0]["count"], view)
    for name, method, path, body, token, status in [
        ("another's own view changed", "POST", f"/v1/views/{private}", {"name": "x"}, other, 404),
        ("another's own view removed", "DELETE", f"/v1/views/{private}", None, leads, 404),
        ("a shared one changed by an agent", "POST", f"/v1/views/{shared}", {"name": "x"}, other, 403),
        ("a shared one removed by an agent", "DELETE", f"/v1/views/{shared}", None, other, 403),
        ("a view without a name", "POST", "/v1/views", {"q": "is:late"}, hers, 422),
        ("a view of an empty name", "POST", "/v1/views", {"name": "", "q": "is:late"}, hers, 422),
        ("a view of a bad filter", "POST", "/v1/views", {"name": "x", "q": "is:sad"}, hers, 422),
        ("a view of an unknown tag", "POST", "/v1/views", {"name": "x", "q": "tag:unheard"}, hers, 422),
        ("a view in no order", "POST", "/v1/views", {"name": "x", "q": "", "sort": "best"}, hers, 422),
        ("a view with a number for a name", "POST", "/v1/views", {"name": 7, "q": ""}, hers, 422),
        ("a view shared with perhaps", "POST", "/v1/views", {"name": "x", "q": "", "shared": "perhaps"}, hers, 422),
        ("a view with a misspelt member", "POST", "/v1/views", {"name": "x", "query": ""}, hers, 422),
        ("a view of a name too long", "POST", "/v1/views", {"name": "x" * 201, "q": ""}, hers, 422),
        ("a view of a filter too long", "POST", "/v1/views", {"name": "x", "q": "a" * 2049}, hers, 422),
        ("a change to a bad filter", "POST", f"/v1/views/{private}", {"q": "nonsense"}, hers, 422),
        ("a view that never was", "DELETE", "/v1/views/viw_00000000000000000000000001", None, hers, 404),
        ("a view of no id", "DELETE", "/v1/views/7", None, hers, 404),
        ("views with an unknown parameter", "GET", "/v1/views?all=true", None, hers, 422),
        ("views perhaps counted", "GET", "/v1/views?counts=perhaps", None, hers, 422),
        ("views without a token", "GET", "/v1/views", None, "", 401),
    ]:
        answer = desk.call(method, path, body, token=token)
        check(name, answer.status == status, answer)
    once = desk.call("POST", "/v1/views", {"name": "Once", "q": ""}, key="v1", token=hers)
    again = desk.call("POST", "/v1/views", {"name": "Once", "q": ""}, key="v1", token=hers)
    check("a repeat saves nothing anew", once.body["id"] == again.body["id"] and again.headers.get("idempotency-replayed") == "true", again)
    desk.post(f"/v1/views/{shared}", {"name": "Late", "sort": "oldest"}, token=leads)
    desk.post(f"/v1/views/{private}", {"q": "state:resolved"}, token=hers)
    check("deleted", desk.call("DELETE", f"/v1/views/{once.body['id']}", token=hers).status == 200)
    desk.restart()
    views = seen(hers)
    check("after a restart", set(views) == {private, shared} and views[shared]["name"] == "Late" and views[shared]["sort"] == "oldest"
          and views[shared]["q"] == 'is:late queue:"Late, very"' and views[private]["q"] == "state:resolved"
          and views[private]["name"] == "Needle-Mueller's order", views)
    stored = b"".join(open(os.path.join(at, name), "rb").read() for at, _, names in os.walk(desk.folder) for name in names)
    check("its words lie nowhere in the clear", b"Needle-Mueller" not in stored and b"NEEDLE-77" not in stored)


def bad_filters(desk):
    bad = {
        "hello": (0, "filter.bare_word"), "state:open hello": (11, "filter.bare_word"), "ü:x": (0, "filter.bare_word"),
        "colour:red": (0, "filter.unknown_key"), "-colour:red": (1, "filter.unknown_key"), "field:x": (0, "filter.unknown_key"),
        "state:": (6, "filter.value_missing"), "state:opened": (6, "filter.unknown_value"), "state:open,": (11, "filter.value_missing"),
        "is:sad": (3, "filter.unknown_value"), "channel:fax": (8, "filter.unknown_value"), "lang:xx-klingon": (5, "filter.unknown_value"),
        "priority:top": (9, "filter.unknown_value"), "queue:Nowhere": (6, "filter.unknown_name"), 'queue:"ÄÖÜ",X': (6, "filter.unknown_name"),
        "tag:unheard": (4, "filter.unknown_name"), "assignee:Nobody": (9, "filter.unknown_name"), 'tag:"open': (4, "filter.quote_open"),
        'tag:"a"b': (7, "filter.after_quote"), 'tag:"a\\x"': (7, "filter.escape"), "tag:a(b)": (5, "filter.quote_it"),
        "(state:open)": (0, "filter.bare_word"), "messages:lots": (9, "filter.not_a_number"), "messages:9..1": (9, "filter.empty_range"),
        "number:1e3": (7, "filter.not_a_number"), "number:99999999999999999999": (7, "filter.not_a_number"),
        "created:soon": (8, "filter.not_a_time"), "created:2026-02-30": (8, "filter.not_a_time"), "created:7d": (8, "filter.comparison_missing"),
        "sla:30m": (4, "filter.unknown_value"), "sla:<30": (4, "filter.not_a_duration"), "subject:ann": (8, "filter.unknown_value"),
        "-": (1, "filter.term_missing"), "country:DE": (0, "filter.unknown_key"), "a" * 2049: (0, "filter.too_long"),
        "1 " * 33: (64, "filter.too_many_terms"), "number:" + ",".join(["1"] * 101): (207, "filter.too_many_values"),
        "state:open\x01": (10, "filter.control_character"), "from:ann@example.org": (0, "filter.personal_in_url"),
        "order:" + "x" * 300: (6, "filter.not_available"),
    }
    for q, (offset, code) in bad.items():
        answer = desk.call("GET", "/v1/conversations?q=" + quote(q))
        check(f"{q[:40]!r}", answer.status == 422 and answer.code == code and answer.body["errors"][0]["pointer"] == "/q"
              and answer.body["errors"][0]["offset"] == offset, answer)
        if code != "filter.personal_in_url":
            answer = desk.call("POST", "/v1/conversations/search", {"q": q})
            check(f"{q[:40]!r} in a search", answer.status == 422 and answer.code == code, answer)
    for name, method, path, body, status in [
        ("two filters for a list", "GET", "/v1/conversations?q=state:open&q=is:mine", None, 422),
        ("the same other parameter twice", "GET", "/v1/conversations?limit=1&limit=2", None, 400),
        ("no filter to count", "GET", "/v1/conversations/counts", None, 422),
        ("51 filters to count", "GET", "/v1/conversations/counts?" + "&".join(["q=is:mine"] * 51), None, 422),
        ("a fault in the second filter", "GET", "/v1/conversations/counts?q=is:mine&q=nonsense", None, 422),
        ("an unknown parameter", "GET", "/v1/conversations/counts?q=is:mine&limit=3", None, 422),
        ("counts of no list", "POST", "/v1/conversations/counts", {"q": "is:mine"}, 422),
        ("counts of a number", "POST", "/v1/conversations/counts", {"q": [7]}, 422),
        ("a search by a number", "POST", "/v1/conversations/search", {"q": 7}, 422),
        ("a search with a misspelt member", "POST", "/v1/conversations/search", {"query": "is:mine"}, 422),
        ("a search in no order", "POST", "/v1/conversations/search", {"q": "", "sort": "best"}, 422),
        ("a search of too many", "POST", "/v1/conversations/search", {"q": "", "limit": 201}, 422),
        ("a search of none", "POST", "/v1/conversations/search", {"q": "", "limit": 0}, 422),
        ("a filter that is not UTF-8", "GET", "/v1/conversations?q=%ff", None, 400),
        ("a filter with a NUL", "GET", "/v1/conversations?q=a%00", None, 400),
        ("a search in the way of a GET", "GET", "/v1/conversations/search", None, 405),
    ]:
        answer = desk.call(method, path, body)
        check(name, answer.status == status, answer)
    answer = desk.call("GET", "/v1/conversations/counts?q=is:mine&q=nonsense")
    check("which filter it was", answer.body["errors"][0]["pointer"] == "/q/1", answer)
    check("without a token", desk.call("POST", "/v1/conversations/search", {"q": ""}, token="").status == 401)


def main():
    with Desk() as desk:
        me = desk.get("/v1/session")["principal"]["id"]
        ids, orders, agents, queues = seed(desk)
        answers_of_filters(desk, ids, me)
        by_number_order_and_address(desk, ids, orders)
        cursors(desk)
        bad_filters(desk)
        what_agents_note(desk, ids, agents)
        saved_views(desk)
        of_teams(desk, ids, agents)
        by_number_order_and_address(desk, ids, orders)
        events = desk.run("events", "cat", "--data", desk.folder).stdout
        check("no order in the log", "DE-100" not in events and "de-100" not in events)
        desk.verify_views()
    print(f"{cases} cases, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
