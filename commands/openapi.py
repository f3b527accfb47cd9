"""`python -m commands.openapi`: the OpenAPI document, for the console's client."""

from __future__ import annotations

import json
import os
import sys


def main() -> None:
    """Write the document; nothing is connected to, so any settings do."""
    os.environ.setdefault("ENVIRONMENT", "test")
    os.environ.setdefault("SECRET_KEY", "stands-for-a-key-nothing-is-signed-here")
    from main import app  # reads the settings

    json.dump(app.openapi(), sys.stdout, sort_keys=True)


if __name__ == "__main__":
    main()
