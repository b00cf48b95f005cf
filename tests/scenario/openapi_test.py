"""The API's document and the running server, against each other: Schemathesis makes requests of every operation, such as
the document allows and such as it forbids, and looks whether the server takes the first, refuses the others, and
answers as the document says; with each member of an answer named there.

    openapi_test.py [--venv FOLDER] [--examples N] [--seed N] [--source FILE]

`--examples` is how many requests are drawn for each operation beside the systematic ones; hundreds take minutes. Draws
are the same each time, but for another `--seed`. `--source adapters/http/openapi.yaml` takes that one, before it is built
in. What is told to Schemathesis lies in openapi/.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from desk import Desk, datetime, rfc3339, timedelta, timezone, wait_until  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TOLD = os.path.join(HERE, "openapi")
SKIPPED = 77
NOBODY = "01m82eyc2gzw8sccchazp0azwx"  # the rest of an id that is nobody's


def served(desk):
    """The document, which needs no token, in both forms."""
    answer = desk.call("GET", "/openapi.json", token="")
    assert answer.status == 200 and answer.headers["content-type"] == "application/json", answer
    yaml = desk.call("GET", "/openapi.yaml", token="")
    assert yaml.status == 200 and yaml.headers["content-type"] == "application/yaml", yaml
    assert yaml.body.startswith(f"openapi: {answer.body['openapi']}\n"), yaml.body[:100]
    refused = desk.call("POST", "/openapi.json", token="")
    assert refused.status == 405 and refused.headers["allow"] == "GET, HEAD", refused
    return answer.body


def furnish(desk):
    """A desk with something of each kind. Returns for each format of the document values that name what is there."""
    def word(path, **body):
        return desk.post("/v1/settings/" + path, body, headers={"If-Match": "*"})["id"]

    tags = [desk.post("/v1/tags", {"name": name})["id"] for name in ("refund", "vip")]
    types = [word("types", name=name) for name in ("Return", "Question")]
    fields = [word("fields", name="Order", kind="text"), word("fields", name="Size", kind="number")]
    sub_states = [word("sub-states", name="At the carrier", state="waiting_third_party"),
                  word("sub-states", name="Being looked at", state="open")]
    replies = [word("canned-replies", name="Thanks", text="Thank you, {{customer.name}}")]
    skills = [desk.post("/v1/skills", {"name": name})["id"] for name in ("returns", "tax")]
    agents = [desk.post("/v1/agents", {"name": name, "email": f"{name}@shop.example", "languages": ["de", "en"],
                                       "skills": ["returns"], "capacity": {"default": 5, "chat": 2}})["id"]
              for name in ("Bea", "Cem")]
    teams = [desk.post("/v1/teams", {"name": "Returns", "agents": agents})["id"]]
    queues = [desk.get("/v1/queues")["data"][0]["id"],
              desk.post("/v1/queues", {"name": "Returns", "rule": {"kind": "least_loaded", "skills": ["returns"]}})["id"]]
    views = [desk.post("/v1/views", {"name": f"Late {n}", "q": "sla:late", "shared": True})["id"] for n in range(8)]
    imports = [desk.post("/v1/imports", {"name": "the desk before"})["id"]]
    # Some of what comes is offered to the caller.
    me = desk.get("/v1/session")["principal"]["id"]
    desk.post(f"/v1/agents/{me}/presence", {"presence": "online"})
    rule = {"kind": "least_loaded", "offer_seconds": 86400}
    desk.post(f"/v1/queues/{queues[0]}", {"rule": rule}, headers={"If-Match": "*"})
    got = [desk.inbound("email", "shop", f"ann{n}@example.com", f"m{n}", "Where is it?", name="Ann", language="de",
                        html="<p>Where is <b>it</b>?</p>",
                        attachments=[{"name": "a.txt", "type": "text/plain", "data": "aGVsbG8="}]) for n in range(40)]
    conversations = [one["conversation"] for one in got]
    wait_until(lambda: len(desk.get("/v1/offers")["data"]) >= 6, "something is offered")
    desk.post(f"/v1/queues/{queues[0]}", {"rule": {"kind": "manual"}}, headers={"If-Match": "*"})
    desk.post(f"/v1/agents/{agents[0]}/presence", {"presence": "online"})
    desk.post(f"/v1/conversations/{conversations[0]}/claim")
    desk.post(f"/v1/conversations/{conversations[0]}/reply", {"text": "Tomorrow"})
    for one in conversations:
        desk.post(f"/v1/conversations/{one}/draft", {"text": "Dear Ann"})
    position = desk.post(f"/v1/conversations/{conversations[1]}/tags", {"add": ["vip"]})["position"]
    files = [file["id"] for one in conversations[1::2] for item in desk.timeline(one, position)
             for file in item.get("attachments", [])]

    # Those in paths alone may also name nothing; in a body that is a fault.
    def or_nobody(ids):
        return ids + [ids[0][:4] + NOBODY]

    now = datetime.now(timezone.utc)
    return {
        "now": rfc3339(now),
        "formats": {
            "conversation-id": or_nobody(conversations), "message-id": or_nobody([one["message"] for one in got]),
            "subject-id": or_nobody([one["subject"] for one in got]), "view-id": or_nobody(views),
            # Without the one whose token asks: it must not send itself away.
            "agent-id": agents, "queue-id": queues, "skill-id": skills, "team-id": teams, "type-id": types,
            "field-id": fields, "sub-state-id": sub_states, "canned-reply-id": replies, "attachment-id": files,
            "import-id": imports,
            # By id, as names change while requests are made.
            "tag-word": tags + ["refund", "vip"], "type-word": types, "sub-state-word": sub_states,
            "field-word": fields, "skill-word": skills + ["returns"], "team-word": teams,
            "place-word": ["new", "open", "resolved", sub_states[0]],
            "language": ["de", "en", "zh-Hant", "pt-BR"],
            "time-zone": ["UTC", "Europe/Berlin", "America/New_York"],
            "filter": ["", "is:unassigned", "state:open,new -tag:refund", "assignee:me", "created:>2026-11-01",
                       "sla:<30m"],
            "etag": ["*", "*", "*", '"1"', "2"], "version": ["1", "2", "30"],
            "positions": [position, ""], "cursor": ["A" * 30],
            "feed-cursor": [desk.get("/v1/events?limit=2")["page"]["next"]],
            "agent-token": [desk.post(f"/v1/agents/{agents[1]}/tokens")["token"]],
            "percent-encoded": ["file", "r%C3%A9sum%C3%A9.pdf", "a%20b"],
            "canonical-base64": ["", "aGVsbG8=", "AAAA"],
            "command-path": ["POST /v1/tags", f"POST /v1/conversations/{conversations[2]}/claim", "POST /v1/nothing"],
            "view-name": sorted({view["view"] for view in desk.get("/v1/status")["views"]}) + ["nothing"],
            "backup-folder": ["/nonexistent"],
            "date-time": [rfc3339(now - timedelta(minutes=n)) for n in (0, 1, 60 * 24)] + ["1999-12-31T23:59:59.5+01:00"],
            "date": ["2026-11-01", "2026-11-22"],
        },
    }


def never_succeeded(document, answered):
    """The operations that answered no request with success, each with what it answered."""
    with open(document, encoding="utf-8") as file:
        paths = json.load(file)["paths"]
    with open(answered, encoding="utf-8") as file:
        answers = json.load(file)
    names = [f"{method.upper()} {path}" for path, item in paths.items() for method in item if method != "parameters"]
    assert len(names) > 100, names
    # A handshake of a WebSocket is none of Schemathesis's requests.
    return {name: answers.get(name, {}) for name in names
            if name != "GET /v1/live" and not any(status.startswith("2") for status in answers.get(name, {}))}


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--venv", default=os.path.join(ROOT, "build", "schemathesis"))
    arguments.add_argument("--examples", type=int, default=4)
    arguments.add_argument("--seed", type=int)
    arguments.add_argument("--source")
    told = arguments.parse_args()

    with tempfile.TemporaryDirectory(prefix="parlance-openapi-") as folder:
        backups = os.path.join(folder, "backups")
        os.mkdir(backups)
        with Desk(arguments=["--backups", backups]) as desk:
            # The first one makes the folder what it is.
            desk.run("backup", "create", "--data", desk.folder, "--to", backups, "--keys-to", os.path.join(folder, "keys"))
            document = os.path.join(folder, "openapi.json")
            with open(document, "w", encoding="utf-8") as out:
                json.dump(served(desk), out)
            print("the document is served, without a token")
            if told.source:
                subprocess.run([sys.executable, os.path.join(ROOT, "tools", "lib", "openapi.py"), told.source, folder],
                               check=True)

            installed = subprocess.run([os.path.join(ROOT, "tools", "lib", "venv.sh"),
                                        os.path.join(TOLD, "requirements.txt"), told.venv], check=False)
            if installed.returncode == SKIPPED:
                print("SKIPPED: Schemathesis is not installed, and the package index can't be reached")
                return SKIPPED
            assert installed.returncode == 0, "Schemathesis could not be installed"
            programs = os.path.join(told.venv, "bin")
            subprocess.run([os.path.join(programs, "openapi-spec-validator"), document], check=True)

            known = os.path.join(folder, "known.json")
            with open(known, "w", encoding="utf-8") as out:
                json.dump(furnish(desk), out)
            answered = os.path.join(folder, "answered.json")
            me = desk.get("/v1/session")["principal"]["id"]
            draws = ["--generation-deterministic"] if told.seed is None else ["--seed", str(told.seed)]

            def finds(what, answered, *how):
                print(f"--- {what}", flush=True)
                return subprocess.run(
                    [os.path.join(programs, "schemathesis"), "--config-file", os.path.join(TOLD, "schemathesis.toml"),
                     "run", document, "--url", f"http://{desk.address}", "--max-examples", str(told.examples), *draws, *how],
                    cwd=folder, check=False,
                    env={**os.environ, "PARLANCE_KNOWN": known, "PARLANCE_ANSWERED": answered,
                         "PARLANCE_TOKEN": desk.token, "PYTHONPATH": TOLD}).returncode != 0

            found = finds("every check, in ASCII", answered)
            # Of these texts no schema says whether they are too long, as it counts no bytes, nor that NUL is refused: so
            # they may be refused, but never be answered as the document does not say.
            found |= finds("any text", answered + ".texts", "--phases", "fuzzing", "--generation-codec", "utf-8",
                           "--generation-allow-x00", "true", "--exclude-checks", "positive_data_acceptance")

            desk.threads = type(desk.threads)()  # The connection was idle for too long.
            # What was refused at the end for want of a token was not looked at.
            assert desk.get("/v1/session")["principal"]["id"] == me, "the token does not hold any more"
            assert desk.call("GET", "/readyz").status == 200
            assert desk.stop() == 0, "the server did not end well"
            never = never_succeeded(document, answered)
            assert not never, f"no request succeeded, so nothing was tested: {never}"
            return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
