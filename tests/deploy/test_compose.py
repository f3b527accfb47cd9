"""The promises of the compose files: who knows the owner, what is hardened, what is exposed."""

from __future__ import annotations

from typing import Any

import pytest
import yaml  # comes with moto

from config import settings as settings_module
from config.settings import Group
from tests.conftest import ROOT


def services(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / name).read_text("utf-8"))["services"]
    return found


PRODUCTION = services("docker-compose.prod.yml")
DEVELOPMENT = services("docker-compose.yml")
OURS = ("api", "scheduler", "worker", "migrate")


def test_only_the_migration_knows_the_owner() -> None:
    knowing = {
        name
        for name, service in PRODUCTION.items()
        if "database_owner_url" in service.get("secrets", ())
    }
    assert knowing == {"migrate"}


@pytest.mark.parametrize("name", PRODUCTION)
def test_production_is_hardened(name: str) -> None:
    service = PRODUCTION[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["init"] is True
    assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
    assert service["logging"]["options"]["max-size"]
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert name in ("api", "migrate") or service["healthcheck"]["test"]


def test_postgres_can_be_told_to_stop() -> None:
    """Its init is root's and the server another user's: without KILL every stop was a crash."""
    assert "KILL" in PRODUCTION["postgres"]["cap_add"]


def test_only_caddy_is_reached_from_outside_in_production() -> None:
    assert [name for name, service in PRODUCTION.items() if "ports" in service] == ["caddy"]
    assert "simulator" not in PRODUCTION
    assert all(PRODUCTION[name]["networks"] == ["data"] for name in ("postgres", "redis", "backup"))


def test_the_network_of_the_data_has_no_way_out() -> None:
    whole = yaml.safe_load((ROOT / "docker-compose.prod.yml").read_text("utf-8"))
    assert whole["networks"]["data"]["internal"] is True


@pytest.mark.parametrize("name", OURS)
def test_the_service_is_in_production_and_secrets_are_not_in_its_environment(name: str) -> None:
    environment = PRODUCTION[name]["environment"]
    assert environment["ENVIRONMENT"] == "production"
    for secret in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"):
        assert environment[secret] == ""


def test_development_listens_on_this_machine_only() -> None:
    ports = [port for service in DEVELOPMENT.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_secrets_and_settings_have_the_same_names() -> None:
    """A secret under a name that no setting has would be read by nobody."""
    names = {
        str(field.validation_alias).lower()
        for group in vars(settings_module).values()
        if isinstance(group, type) and issubclass(group, Group)
        for field in group.model_fields.values()
    }
    for service in OURS:
        assert set(PRODUCTION[service]["secrets"]) <= names


def test_every_secret_is_made_by_the_script() -> None:
    declared = yaml.safe_load((ROOT / "docker-compose.prod.yml").read_text("utf-8"))["secrets"]
    script = (ROOT / "deploy" / "secrets.sh").read_text("utf-8")
    for name in declared:
        assert name in script or name.startswith("careloop_")


def test_every_package_of_the_service_goes_into_the_image() -> None:
    """.dockerignore lets in what it names: a new package must be named there."""
    let_in = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
        if line[:1] == "!"
    }
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages - {"bench", "supervisor", "tests"} <= let_in
