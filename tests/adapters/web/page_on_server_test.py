"""The page's browser tests once more, on the real server instead of their double."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "support"))
from desk import Desk  # noqa: E402

SCRIPT = os.path.join(os.path.dirname(__file__), "browser_test.mjs")

with Desk() as desk:
    environment = dict(
        os.environ, PARLANCE_URL=f"http://{desk.address}", PARLANCE_LINK=desk.link, PARLANCE_TOKEN=desk.token
    )
    code = subprocess.run(["node", SCRIPT], env=environment, check=False).returncode
sys.exit(code)
