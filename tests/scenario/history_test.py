"""Three real help desks' histories go in by `parlance import`, and their published figures come out of the server's answers.

What they are and how rows become lines: tests/support/ticket_logs.py. The data lies beside the project (../shared/data, or
$PARLANCE_SHARED/data); without it the test is skipped. By default every tenth ticket or so of each log is brought in, with the
figures computed from their rows by what is first shown to agree with the reference over the whole log.
PARLANCE_WHOLE_LOGS=1 brings all of them in (24,876 tickets, 153,763 rows; some minutes) and compares with the reference itself.

    PARLANCE_PROGRAM=build/release/parlance python3 tests/scenario/history_test.py [helpdesk|bpi2013|uci]
"""

import collections
import concurrent.futures
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import ticket_logs  # noqa: E402
from desk import Desk, shared_data  # noqa: E402
from importing import compact, ends, run_import, tickets_at_rest, write_lines  # noqa: E402

SKIPPED = 77
WHOLE = os.environ.get("PARLANCE_WHOLE_LOGS") == "1"
EVERY = {"helpdesk": 12, "bpi2013": 40, "uci": 60}  # of the tickets one in so many


def compare(what, found, wanted):
    for name in sorted(set(found) & set(wanted)):
        assert found[name] == wanted[name], f"{what}, {name}: {found[name]}, wanted {wanted[name]}"
    return sorted(set(found) & set(wanted))


def compare_with_reference(log, figures, reference):
    names = compare(f"{log} against its reference", figures, reference)
    if log == "bpi2013":
        final = collections.Counter()
        for status, count in reference["cases_per_final_status"].items():
            final[ticket_logs.FINAL_OF_BPI[status.split("/")[1]]] += count
        compare("bpi2013, final states", figures, {"final": dict(final)})
    assert len(names) >= 5, names
    return names


def bring_in(log, own):
    cases, reference = ticket_logs.load(shared_data(), log)
    compare_with_reference(log, ticket_logs.figures_of_rows(log, cases), reference)
    if not WHOLE:
        cases = {case: rows for n, (case, rows) in enumerate(cases.items()) if n % EVERY[log] == 0}
    wanted = reference if WHOLE else ticket_logs.figures_of_rows(log, cases)
    lines = ticket_logs.lines_of(log, cases)
    path = write_lines(os.path.join(own, f"{log}.jsonl"), map(compact, lines))
    rows = sum(map(len, cases.values()))

    folder = os.path.join(own, log)
    with Desk(folder) as desk:
        desk.settings(first_response_seconds=None, auto_close_seconds=None)
        desk.stop()
    began = time.monotonic()
    summary, said = run_import(path, where=folder, timeout=1800)
    took = time.monotonic() - began
    # Each line, so each row, was answered once; those that change nothing are counted as such.
    assert summary["lines"] == len(lines) and summary["not_taken"] == 0, said
    assert summary["taken"] + summary["unchanged"] == len(lines) and summary["there_before"] == 0, summary
    assert sum(" row " in line.get("id", "") for line in lines) == rows
    assert summary["conversations"] == len(cases)

    with Desk(folder) as desk:
        tickets = {}
        for ticket in tickets_at_rest(desk):
            tickets[ticket["requester"]["name"] or desk.get(f"/v1/subjects/{ticket['requester']['id']}")["identities"][0]["address"]] = ticket
        assert len(tickets) == len(cases), f"{len(tickets)} tickets, {len(cases)} cases"
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            timelines = dict(zip(tickets, pool.map(lambda ticket: desk.timeline(ticket["id"]), tickets.values())))
        by_id = {ticket["id"]: timelines[case] for case, ticket in tickets.items()}
        figures = ticket_logs.figures_of_tickets(log, tickets, lambda ticket: by_id[ticket["id"]], {})
        compare(f"{log} as the server has it", figures, wanted)
        if WHOLE:
            compare_with_reference(log, figures, reference)
        for items in timelines.values():  # a workspace without promises and auto-close: nothing happened by itself
            assert not any(item["kind"] == "breached" or item["actor"]["kind"] == "system" for item in items)
        before = ends(desk)
        again, _ = run_import(path, where=desk, timeout=1800)
        assert again["there_before"] == len(lines) and ends(desk) == before, again
        desk.verify_views()
    print(f"{log}: {len(cases)} tickets, {rows} rows, {len(lines)} lines in {took:.1f} s; {summary['unchanged']} changed nothing; "
          f"{len(figures)} figures are those of the rows; twice changed nothing; rebuilt equal", flush=True)


def main():
    if ticket_logs.load(shared_data(), "helpdesk") is None:
        print("skipped: ../shared/data/ticket-event-logs is not there (name its root as PARLANCE_SHARED)")
        return SKIPPED
    print("all of each log" if WHOLE else "a part of each log; PARLANCE_WHOLE_LOGS=1 takes all")
    for log in sys.argv[1:] or ticket_logs.LOGS:
        with tempfile.TemporaryDirectory(prefix="parlance-history-") as own:
            bring_in(log, own)
    return 0


if __name__ == "__main__":
    sys.exit(main())
