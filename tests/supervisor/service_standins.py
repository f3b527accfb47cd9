"""A repository root with this very supervisor and small stand-ins for the service."""

import shutil
from pathlib import Path

from tests.supervisor.process_helpers import ROOT

CLI = """
import http.server, json, os, signal, sys, time
from pathlib import Path
command, data = sys.argv[1], Path(os.environ["CARELOOP_DATA"])
(data / f"{command}.env.json").write_text(json.dumps(dict(os.environ)))
if os.environ.get("STUBBORN"):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(command, "says hello", flush=True)
if command == "prepare":
    time.sleep(float(os.environ.get("PREPARE_SECONDS", "0")))
    print("prepare ends", flush=True)
    sys.exit(int(os.environ.get("PREPARE_CODE", "0")))
if command == "serve":
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ok")
        def log_message(self, *words):
            pass
    http.server.HTTPServer.allow_reuse_address = True
    http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
while True:
    time.sleep(1)
"""

SIMULATOR = """
import json, os, sys, time
ledger = sys.argv[sys.argv.index("--ledger") + 1]
with open(ledger + ".json", "w") as file:
    json.dump({"argv": sys.argv[1:], "env": dict(os.environ)}, file)
while True:
    time.sleep(1)
"""


def make_root(folder: Path) -> Path:
    """Copy the supervisor into `folder` and put the stand-ins beside it."""
    shutil.copytree(
        ROOT / "supervisor", folder / "supervisor", ignore=shutil.ignore_patterns("__pycache__")
    )
    (folder / "cli.py").write_text(CLI)
    (folder / "simulator").mkdir()
    (folder / "simulator" / "__init__.py").write_text("")
    (folder / "simulator" / "__main__.py").write_text(SIMULATOR)
    return folder
