"""The page's browser tests once more, on real servers instead of their double: one for each suite."""

import contextlib
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))
from desk import Desk  # noqa: E402

HERE = os.path.dirname(__file__)
SUITES = sys.argv[1:] or [name[len("suite_"):-len(".mjs")] for name in sorted(os.listdir(HERE)) if name.startswith("suite_")]

with contextlib.ExitStack() as stack:
    desks = [stack.enter_context(Desk()) for _ in SUITES]
    servers = [{"url": f"http://{desk.address}", "link": desk.link, "token": desk.token} for desk in desks]
    environment = dict(os.environ, PARLANCE_DESKS=json.dumps(servers))
    code = subprocess.run(["node", os.path.join(HERE, "browser_test.mjs"), *SUITES], env=environment, check=False).returncode
sys.exit(code)
