"""`.env.example` names every setting, and nothing that is none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dotenv import dotenv_values
from pydantic import BaseModel

from config import settings as settings_module
from config.settings import Group, Settings
from supervisor.settings import load
from tests.conftest import ROOT

EXAMPLE = ROOT / ".env.example"
_NAME = re.compile(r"^(#?)([A-Z][A-Z0-9_]*)=(.*)$")
# Read by the first start and by the tests, not by the service.
ELSEWHERE = {
    "CARELOOP_ADMIN_EMAIL",
    "CARELOOP_ADMIN_PASSWORD",
    "TEST_DATABASE_URL",
    "TEST_REDIS_URL",
}


def lines() -> list[tuple[bool, str, str]]:
    """Commented out or not, name, value."""
    found = (_NAME.match(line) for line in EXAMPLE.read_text("utf-8").splitlines())
    return [(bool(m[1]), m[2], m[3]) for m in found if m]


def known() -> dict[str, tuple[type[BaseModel], str]]:
    """Setting's name to its group and field."""
    groups = [
        group
        for group in vars(settings_module).values()
        if isinstance(group, type) and issubclass(group, Group)
    ]
    return {
        str(field.validation_alias): (group, name)
        for group in groups
        for name, field in group.model_fields.items()
        if field.validation_alias
    }


def test_every_setting_is_explained_once_and_nothing_else_is() -> None:
    names = [name for _, name, _ in lines()]
    assert sorted(names) == sorted(known().keys() | ELSEWHERE)


def test_every_line_or_group_of_lines_has_an_explanation_above() -> None:
    above = ""
    for line in EXAMPLE.read_text("utf-8").splitlines():
        if _NAME.match(line):
            assert above, f"nothing above {line}"
            assert not above.startswith("# ──"), f"only a heading above {line}"
        above = line


def test_defaults_that_are_shown_are_the_defaults() -> None:
    fields = known()
    for _, name, value in lines():
        if name not in fields or not re.fullmatch(r"[0-9.]+", value):
            continue
        group, field = fields[name]
        default = group.model_fields[field].default
        assert str(default).removesuffix(".0") == value, name


def test_a_copy_of_it_overrides_no_embedded_server_and_no_simulator(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(EXAMPLE.read_text("utf-8"))
    settings = load({}, tmp_path)
    assert settings.own_database
    for name in ("REDIS_URL", "TWILIO_ACCOUNT_SID", "SENDGRID_API_KEY", "SMTP_HOST", "SECRET_KEY"):
        assert settings.given(name) is None


def test_a_copy_of_it_is_valid_for_the_manuals_own_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = re.sub(r"(?m)^#(DATABASE_URL|REDIS_URL)=", r"\1=", EXAMPLE.read_text("utf-8"))
    (tmp_path / ".env").write_text(text)
    for name, value in dotenv_values(tmp_path / ".env").items():
        monkeypatch.setenv(name, value or "")
    settings = Settings()
    assert not settings.production
    assert settings.database.url.get_secret_value().endswith("@127.0.0.1:5432/careloop")
