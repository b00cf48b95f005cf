"""Every payload of payloads.json as the HTML of a mail: what the server makes of it is loaded in a real Chromium without any policy
and without a sandbox, and must run nothing, ask for nothing and say nothing. The raw payloads are the control: many of them must.

    PARLANCE_PROGRAM=build/release/parlance python3 tests/adapters/http/xss/browser_test.py
"""

import http.client
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..", "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))
from desk import Desk  # noqa: E402

if not os.path.isdir(os.path.join(ROOT, "adapters", "web", "node_modules", "playwright-core")):
    print("skipped: the page's packages are not installed, and with them not the driver of the browser")
    sys.exit(77)
if not os.path.exists(os.environ.get("CHROMIUM", "/usr/bin/chromium")):
    print("skipped: no Chromium")
    sys.exit(77)

with open(os.path.join(HERE, "payloads.json"), encoding="ascii") as file:
    payloads = json.load(file)

documents = []
with Desk() as desk:
    connection = http.client.HTTPConnection(desk.address, timeout=60)
    for number, payload in enumerate(payloads):
        # A NUL is refused at the door; that payload comes without.
        html = payload["html"].replace("\x00", "")
        got = desk.post("/v1/inbound", {"channel": "email", "account": "shop", "message_id": f"xss-{number}",
                                        "from": {"address": f"mallory-{number % 50}@example.org"}, "text": "x", "html": html})
        connection.request("GET", f"/v1/conversations/{got['conversation']}/messages/{got['message']}/html",
                           headers={"Authorization": "Bearer " + desk.token})
        answer = connection.getresponse()
        body = answer.read().decode()
        assert answer.status == 200, (payload, answer.status, body)
        policy = answer.getheader("Content-Security-Policy")
        assert policy.startswith("sandbox ") and "allow-scripts" not in policy and "default-src 'none'" in policy, policy
        assert answer.getheader("X-Content-Type-Options") == "nosniff"
        documents.append({"class": payload["class"], "raw": html, "sanitised": body})

with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
    json.dump(documents, file)
    file.flush()
    sys.exit(subprocess.run(["node", os.path.join(HERE, "browser_test.mjs"), file.name], check=False).returncode)
