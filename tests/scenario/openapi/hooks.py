"""What Schemathesis is told of the desk it tests: values that exist there, and to read answers strictly.

Loaded by Schemathesis (schemathesis.toml); openapi_test.py names the file of values in PARLANCE_KNOWN, and in
PARLANCE_ANSWERED the one that is told how each operation answered.
"""

import atexit
import collections
import itertools
import json
import os

import schemathesis
from hypothesis import strategies as st
from schemathesis.core.parameters import ParameterLocation

with open(os.environ["PARLANCE_KNOWN"], encoding="utf-8") as file:
    KNOWN = json.load(file)

# The document gives each kind of id and word a format of its own, so that requests can name things that are there.
for name, values in KNOWN["formats"].items():
    schemathesis.openapi.format(name, st.sampled_from(values))


def strict(node):
    """A client ignores members it does not know; this one wants none that the document does not name."""
    if isinstance(node, dict):
        if "examples" in node and node.get("format") in KNOWN["formats"]:
            # Its own name things of other desks.
            node["examples"] = KNOWN["formats"][node["format"]][:2]
        if "properties" in node and not node.keys() & {"additionalProperties", "anyOf", "oneOf"} and "type" in node:
            node["additionalProperties"] = False
        for value in node.values():
            strict(value)
    elif isinstance(node, list):
        for value in node:
            strict(value)


@schemathesis.hook
def before_load_schema(context, raw_schema):
    strict(raw_schema)


def written_whole(value):
    if isinstance(value, dict):
        return {name: written_whole(member) for name, member in value.items()}
    if isinstance(value, list):
        return [written_whole(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value % 1000 if isinstance(value, int) and not -(2**63) <= value < 2**63 else value


def spread(case, call):
    """Not all with one conversation: what ends one has others than what works on it, and queries have others than redacting."""
    path, conversations = case.path_parameters or {}, KNOWN["formats"]["conversation-id"]
    if path.get("id") not in conversations:
        return
    half = len(conversations) // 2
    odd = case.method == "GET" or case.path.endswith(("/decline", "/spam"))
    at = (2 * call + odd) % half + (half if case.path.endswith(("/close", "/spam")) else 0)
    path["id"] = conversations[at]
    for name in ("message", "message_id"):
        if name in path:
            path[name] = KNOWN["formats"]["message-id"][at]


def possible(case):
    """Takes out of a request that should be accepted what no schema can say is wrong with it."""
    # A whole number has no fraction to a schema, however it is written, and no end.
    if isinstance(case.body, dict):
        case.body = written_whole(case.body)
    headers, body = case.headers, case.body if isinstance(case.body, dict) else {}
    call = next(calls)
    # A key is good for one body.
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = f"key {call}"
    # Most is done by the caller. And without who did it then, nobody did, and `me` is nobody.
    if call % 4 != 0:
        headers.pop("Parlance-As", None)
    if "Parlance-As" not in headers:
        headers.pop("Parlance-Import", None)
    # A token that is somebody's.
    if case.path == "/v1/session" and body.get("token"):
        body["token"] = KNOWN["formats"]["agent-token"][0]
    spread(case, call)
    # What no agent may do any more, nobody can try.
    if case.path == "/v1/settings/transitions" and call % 8 != 0 and "transitions" in body:
        body["transitions"] = None
    # A cursor is of one list.
    for values in (case.query, body):
        if values and values.get("after"):
            if case.path == "/v1/events":
                values["after"] = KNOWN["formats"]["feed-cursor"][0]
            else:
                del values["after"]
    # Every conversation has come so far.
    if case.query and case.query.get("at_version"):
        case.query["at_version"] = 1
    # It has happened.
    if (body.get("occurred_at") or "") > KNOWN["now"]:
        del body["occurred_at"]
    # A message has a file once.
    if body.get("attachments"):
        seen = set()
        body["attachments"] = [file for file in body["attachments"]
                               if "id" not in file or not (file["id"] in seen or seen.add(file["id"]))]


calls = itertools.count(1)
answered = collections.defaultdict(collections.Counter)


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None:
        return
    if case.meta.generation.mode.is_positive:
        possible(case)
    elif case.meta.is_negative_at(ParameterLocation.BODY) and isinstance(case.body, dict):
        # A list whose items are meant to be wrong may be drawn as null, which is right. Schemathesis looks again at a
        # body that is set.
        case.body = dict(case.body)


@schemathesis.hook
def after_call(context, case, response):
    answered[case.operation.label][response.status_code] += 1


@atexit.register
def tell():
    with open(os.environ["PARLANCE_ANSWERED"], "w", encoding="utf-8") as out:
        json.dump(answered, out)
