"""Real dialogues, Chinese and English, go in by `parlance import` under invented times and come out in number, order and text.

What they are and how they become lines: tests/support/dialogues.py. The data lies beside the project (../shared/data, or
$PARLANCE_SHARED/data); without it the test is skipped. By default every eighth dialogue; PARLANCE_WHOLE_DIALOGUES=1 takes all
(6,152 of Weibo and 14,147 chats).

    PARLANCE_PROGRAM=build/release/parlance python3 tests/scenario/dialogues_test.py
"""

import concurrent.futures
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import dialogues  # noqa: E402
from desk import Desk, shared_data  # noqa: E402
from importing import compact, ends, run_import, tickets_at_rest, write_lines  # noqa: E402

SKIPPED = 77
EVERY = 1 if os.environ.get("PARLANCE_WHOLE_DIALOGUES") == "1" else 8


def main():
    shared = shared_data()
    if dialogues.weibo(shared, "en") is None or dialogues.dogo(shared, "airline") is None:
        print("skipped: ../shared/data/cs-dialogues is not there (name its root as PARLANCE_SHARED)")
        return SKIPPED
    lines, wanted, languages = [], {}, {}
    for language, whole in (("zh-Hans", 4090), ("en", 2062)):
        all_of_them = dialogues.weibo(shared, language)
        assert len(all_of_them) == whole, len(all_of_them)
        some = all_of_them[::EVERY]
        lines += dialogues.weibo_lines(language, some)
        for ident, said in some:
            wanted[f"weibo {language}", ident] = [("in" if by or k == 0 else "out", text) for k, (by, text) in enumerate(said)]
            languages[f"weibo {language}", ident] = language
    chats = turns = 0
    for desk in dialogues.DOGO:
        all_of_them = dialogues.dogo(shared, desk)
        chats += len(all_of_them)
        turns += sum(len(said) for _, said in all_of_them)
        some = all_of_them[::EVERY]
        lines += dialogues.dogo_lines(desk, some)
        for ident, said in some:
            wanted[desk, ident] = [("in", text if text.strip() else dialogues.PICTURE) for _, text in said]
    assert (chats, turns) == (14147, 116597), (chats, turns)

    with tempfile.TemporaryDirectory(prefix="parlance-dialogues-") as own:
        path, folder = write_lines(os.path.join(own, "dialogues.jsonl"), map(compact, lines)), os.path.join(own, "data")
        began = time.monotonic()
        summary, said = run_import(path, where=folder)
        took = time.monotonic() - began
        assert summary["taken"] == len(lines) and summary["conversations"] == len(wanted), (summary, said)
        with Desk(folder) as server:
            tickets = {ticket["id"]: ticket for ticket in tickets_at_rest(server)}
            assert len(tickets) == len(wanted), f"{len(tickets)} tickets of {len(wanted)} dialogues"

            def read(ticket):
                items = [item for item in server.timeline(ticket["id"]) if item["kind"] == "message"]
                ident = next(item["from"]["address"] for item in items if item["direction"] == "in")
                return (ticket["account"], ident), [(item["direction"], item["text"]) for item in items], ticket
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                for key, messages, ticket in pool.map(read, tickets.values()):
                    assert messages == wanted[key], f"dialogue {key}: another order, number or text"
                    assert ticket["language"] == languages.get(key, "und"), f"dialogue {key}: {ticket['language']}"
                    assert ticket["messages"]["received"] + ticket["messages"]["replied"] == len(messages)
            before = ends(server)
            again, _ = run_import(path, where=server)
            assert again["there_before"] == len(lines) and ends(server) == before, again
            server.verify_views()
    print(f"{len(wanted)} dialogues, {len(lines)} lines in {took:.1f} s: every message, in order, with its text; twice changed nothing")
    return 0


if __name__ == "__main__":
    sys.exit(main())
