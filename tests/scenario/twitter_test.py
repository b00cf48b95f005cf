"""1,025 real conversations go in by `parlance import` with their own times, and come out again as they were.

The desk promises a first response within an hour and closes what was resolved after three days, so promises of 2018 to 2020 are
kept or broken, and tickets closed, at instants of those years.

What they are and how they are brought in: tests/support/twitter_cdp.py. The data lies beside the project
(../shared/data, or $PARLANCE_SHARED/data); without it the test is skipped.

    PARLANCE_PROGRAM=build/release/parlance python3 tests/scenario/twitter_test.py
"""

import collections
import concurrent.futures
import os
import sys
import tempfile
import time
from datetime import timedelta

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import twitter_cdp  # noqa: E402
from desk import Desk, parse_time, shared_data  # noqa: E402
from importing import compact, ends, run_import, tickets_at_rest, write_lines  # noqa: E402

SKIPPED = 77
PROMISE = timedelta(hours=1)
CLOSES = timedelta(days=3)


def first_responses_of_file(records):
    """brand -> the sorted seconds to the first answer; from the records, not by way of the converter."""
    found = collections.defaultdict(list)
    for record in records:
        tweets = record["dialogContent"]
        asked = parse_time(tweets[0]["datetime"])
        answered = [parse_time(tweet["datetime"]) for tweet in tweets if "agent" in tweet]
        answered.append(twitter_cdp.time_of_tweet(record["agentURL"]["tweet_ID"]))
        found[record["dialogHeader"]["company"]].append((min(answered) - asked).total_seconds())
    return {brand: sorted(seconds) for brand, seconds in found.items()}


def check_timeline(conversation, items, agents, closed):
    """Every message, in order, with its text, time, direction and author; and nothing else."""
    where = f"conversation {conversation.session}"
    messages = [item for item in items if item["kind"] == "message"]
    assert len(messages) == len(conversation.messages), f"{where}: {len(messages)} messages of {len(conversation.messages)}"
    for said, item in zip(conversation.messages, messages):
        at = f"{where}, tweet {said.tweet}"
        assert item["text"] == said.text, f"{at}: another text"
        assert parse_time(item["at"]) == said.at, f"{at}: {item['at']}, wanted {said.at}"
        assert item["attachments"] == [] and item["html"] is False and item["personal"] == "value", f"{at}: {item}"
        if said.by == "agent":
            assert item["direction"] == "out" and item["actor"]["kind"] == "agent", f"{at}: {item['actor']}"
            assert item["actor"]["id"] == agents[said.author] and item["actor"]["name"] == said.author, f"{at}: agent"
        else:
            assert item["direction"] == "in" and item["actor"]["kind"] == "customer", f"{at}: {item['actor']}"
            assert item["from"]["address"].lower() == said.author.lower(), f"{at}: another author"
            assert item["from"]["name"] == said.author, f"{at}: another name"
            assert item["message_id"] == f"{conversation.session}/{said.tweet}", f"{at}: another message id"
    acts = [item["kind"] for item in items if item["kind"] != "message"]
    joined = any(m.by == "participant" for m in conversation.messages)
    first = min(m.at for m in conversation.messages if m.by == "agent")
    due = conversation.messages[0].at + PROMISE
    late = first > due
    assert sorted(acts) == sorted(["opened"] + ["participant_joined"] * joined + ["breached"] * late +
                                  ["resolved"] * (not closed) + ["closed"]), f"{where}: acts {acts}"
    for item in items:
        if item["kind"] == "breached":
            assert parse_time(item["at"]) == due, f"{where}: breached at {item['at']}, not {due}"
    wanted = conversation.messages[-1].at + (timedelta() if closed else CLOSES)
    assert items[-1]["kind"] == "closed" and parse_time(items[-1]["at"]) == wanted, f"{where}: {items[-1]}, wanted {wanted}"
    versions = [int(item["version"]) for item in items]
    assert versions == sorted(set(versions)), f"{where}: versions {versions}"


def check_everything(desk, conversations, closed_by_line, agents):
    tickets, sessions = {}, {}
    for ticket in tickets_at_rest(desk):
        items = desk.timeline(ticket["id"])
        message = next(item for item in items if item["kind"] == "message")
        session = message["message_id"].split("/")[0]
        assert session not in sessions, "two conversations of one session"
        sessions[session], tickets[ticket["id"]] = (ticket["id"], items), ticket
    assert set(sessions) == {c.session for c in conversations}, f"{len(sessions)} conversations, {len(conversations)} are in the file"

    def check(conversation):
        ident, items = sessions[conversation.session]
        closed = conversation.session in closed_by_line
        check_timeline(conversation, items, agents, closed)
        ticket = tickets[ident]
        where = f"conversation {conversation.session}: {ticket}"
        customers = [m for m in conversation.messages if m.by != "agent"]
        assert ticket["messages"] == {"received": len(customers), "replied": len(conversation.messages) - len(customers),
                                      "notes": 0}, where
        assert ticket["account"] == conversation.brand and ticket["channel"] == twitter_cdp.CHANNEL, where
        assert ticket["requester"]["name"] == conversation.requester, where
        assert parse_time(ticket["created_at"]) == conversation.messages[0].at, where
        assert parse_time(ticket["last_message_at"]) == conversation.messages[-1].at, where
        assert ticket["last_message_by"] == "agent" and ticket["unanswered_since"] is None, where
        assert ticket["state"] == "closed" and ticket["reopened"] == 0, where
        late = min(m.at for m in conversation.messages if m.by == "agent") > conversation.messages[0].at + PROMISE
        assert ticket["first_response"]["state"] == ("breached" if late else "met"), where
        others = {m.author for m in conversation.messages if m.by == "participant"}
        said = {p["name"] for p in desk.ticket(ident)["participants"]}
        assert said - {conversation.requester} == others, f"{where}: participants {said}"

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(check, conversations))
    return tickets


def check_first_responses(desk, records, tickets, agents):
    wanted = first_responses_of_file(records)
    found = collections.defaultdict(list)
    for ticket in tickets.values():
        found[ticket["account"]].append(ticket["first_response"]["seconds"])
    found = {brand: sorted(seconds) for brand, seconds in found.items()}
    for brand in sorted(wanted):
        assert found.get(brand) == wanted[brand], f"first responses of {brand} differ"
    assert set(found) == set(wanted)

    # The report counts the same answers, by who gave them.
    names = {ident: handle for handle, ident in agents.items()}
    counted = collections.Counter()
    seconds = collections.Counter()
    for bucket in desk.get("/v1/reports/daily?from=2018-01-01T00:00:00.000Z&to=2021-01-01T00:00:00.000Z&by=agent")["data"]:
        if bucket["first_responses"]:
            counted[names[bucket["key"]]] += bucket["first_responses"]
            seconds[names[bucket["key"]]] += bucket["first_response_seconds"]
    by_agent = collections.defaultdict(list)
    for conversation in map(twitter_cdp.convert, records):
        first = next(m for m in conversation.messages if m.by == "agent")
        by_agent[first.author].append((first.at - conversation.messages[0].at).total_seconds())
    for handle, each in sorted(by_agent.items()):
        assert counted[handle] == len(each), f"the report counts {counted[handle]} first responses by {handle}, not {len(each)}"
        assert abs(seconds[handle] - sum(each)) < 1, f"the report sums {seconds[handle]} s for {handle}, not {sum(each)}"
    assert sum(counted.values()) == len(records)
    return wanted


def main():
    records = twitter_cdp.load(shared_data())
    if records is None:
        print("skipped: ../shared/data/cs-dialogues/twitter-cdp is not there (name its root as PARLANCE_SHARED)")
        return SKIPPED
    conversations = [twitter_cdp.convert(record) for record in records]
    messages = sum(len(c.messages) for c in conversations)
    joined = sum(any(m.by == "participant" for m in c.messages) for c in conversations)
    assert (len(conversations), joined) == (1025, 32), (len(conversations), joined)

    lines, closed = twitter_cdp.lines_of(conversations)
    with tempfile.TemporaryDirectory(prefix="parlance-twitter-") as own, Desk() as desk:
        path = write_lines(os.path.join(own, "twitter.jsonl"), map(compact, lines))
        desk.settings(first_response_seconds=PROMISE // timedelta(seconds=1), auto_close_seconds=CLOSES // timedelta(seconds=1))
        began = time.monotonic()
        summary, said = run_import(path, where=desk)
        assert summary["taken"] == len(lines) and summary["conversations"] == len(conversations), (summary, said)
        print(f"in: {len(conversations)} conversations, {messages} messages, {len(lines)} lines, {time.monotonic() - began:.1f} s")
        agents = {agent["name"]: agent["id"] for agent in desk.get("/v1/agents")["data"]}

        tickets = check_everything(desk, conversations, closed, agents)
        late = sum(ticket["first_response"]["state"] == "breached" for ticket in tickets.values())
        print(f"there: every conversation, message, order, text, time and author, and nothing else; {late} promises of then are broken")
        wanted = check_first_responses(desk, records, tickets, agents)
        print(f"first responses of {len(wanted)} brands are those of the file, and so is the report by agent")

        before = ends(desk)
        again, _ = run_import(path, where=desk)
        assert again["there_before"] == len(lines), f"{again['there_before']} of {len(lines)} were repeats"
        assert ends(desk) == before, "the second time something was written"
        print(f"twice: {len(lines)} repeats, nothing written")

        print(f"rebuilt from the log, equal: {', '.join(desk.verify_views())}")
        desk.kill()
        desk.start()
        check_everything(desk, conversations, closed, agents)
        desk.verify_views()
        print("after kill -9 and a start: all of it again")
    return 0


if __name__ == "__main__":
    sys.exit(main())
