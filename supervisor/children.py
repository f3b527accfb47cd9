"""Who runs in the tree, and how. Secrets travel by environment, never on a command line."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from supervisor.keys import OF_THE_DATA, Login
from supervisor.settings import ROOT, RunSettings
from supervisor.tree import Child

LOGIN_NAMES = ("CARELOOP_ADMIN_EMAIL", "CARELOOP_ADMIN_PASSWORD")
SERVICES = {"api": "serve", "scheduler": "scheduler", "worker": "worker"}
SIMULATOR = "simulator"
# SIMULATOR_URL stands for both providers unless one has an address of its own.
REAL_TWILIO, REAL_SENDGRID = "https://api.twilio.com", "https://api.sendgrid.com"


@dataclass(frozen=True)
class Wiring:
    """What the children need to know about each other."""

    settings: RunSettings
    secrets: Mapping[str, str] = field(repr=False)
    login: Login
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    simulator_port: int
    smtp_port: int

    @property
    def simulator_url(self) -> str:
        """Where the simulator answers."""
        return f"http://127.0.0.1:{self.simulator_port}"

    def service_env(self) -> dict[str, str]:
        """The environment of every process of the service."""
        settings = self.settings
        env = {key: value for key, value in settings.environ.items() if key not in LOGIN_NAMES}
        return (
            _missing_only(self.secrets, env, OF_THE_DATA)
            | env
            | self._twilio()
            | self._email()
            | {
                "ENVIRONMENT": "development",
                "DATABASE_URL": self.database_url,
                "REDIS_URL": self.redis_url,
                "PORT": str(settings.port),
                "CARELOOP_DATA": str(settings.data),
                "SIMULATOR_URL": self.simulator_url,
                "PYTHONUNBUFFERED": "1",
            }
        )

    def command_env(self) -> dict[str, str]:
        """What a command in another terminal needs, beside what the person has set themselves."""
        own = self.settings.environ
        return {key: value for key, value in self.service_env().items() if own.get(key) != value}

    def prepare(self) -> Child:
        """Migrates, and makes the first establishment and administrator."""
        env = self.service_env() | {"CARELOOP_ADMIN_EMAIL": self.login.email}
        if self.login.password is not None:
            env["CARELOOP_ADMIN_PASSWORD"] = self.login.password
        return Child("prepare", _python("cli.py", "prepare"), env, ROOT)

    def services(self) -> list[Child]:
        """API, scheduler and worker."""
        env = self.service_env()
        return [
            Child(name, _python("cli.py", command), env, ROOT) for name, command in SERVICES.items()
        ]

    def simulator(self) -> Child:
        """The carrier on this machine; it is told nothing of the database."""
        settings = self.settings
        hidden = (*LOGIN_NAMES, *OF_THE_DATA, "DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL")
        env = {key: value for key, value in settings.environ.items() if key not in hidden}
        env |= {
            "ENVIRONMENT": "development",
            "SIMULATOR_ACCOUNT_SID": self.secrets["TWILIO_ACCOUNT_SID"],
            "SIMULATOR_AUTH_TOKEN": self.secrets["TWILIO_AUTH_TOKEN"],
            "SIMULATOR_NUMBERS": self.secrets["TWILIO_PHONE_NUMBER"],
            "SIMULATOR_SENDGRID_KEY": self.secrets["SENDGRID_API_KEY"],
            "SIMULATOR_SMS_WEBHOOK": f"{settings.url}/webhooks/twilio/sms",
            "SIMULATOR_VOICE_WEBHOOK": f"{settings.url}/webhooks/twilio/voice",
            "SIMULATOR_VOICE_STATUS_WEBHOOK": f"{settings.url}/webhooks/twilio/voice/status",
            "PYTHONUNBUFFERED": "1",
        }
        argv = (
            *_python("-m", "simulator"),
            *("--port", str(self.simulator_port), "--smtp-port", str(self.smtp_port)),
            *("--ledger", str(settings.data / "simulator.db")),
        )
        return Child(SIMULATOR, argv, env, ROOT)

    def _twilio(self) -> dict[str, str]:
        """The simulator's account, unless the user has one."""
        given = self.settings.given
        if given("TWILIO_ACCOUNT_SID"):
            return {
                "TWILIO_API_URL": given("TWILIO_API_URL") or REAL_TWILIO,
                "PUBLIC_URL": given("PUBLIC_URL") or self.settings.url,
            }
        names = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_PHONE_NUMBER")
        # The simulator signs its webhooks for this address, so no other may be checked.
        return {name: self.secrets[name] for name in names} | {"PUBLIC_URL": self.settings.url}

    def _email(self) -> dict[str, str]:
        """The simulator's SendGrid and SMTP, unless the user has either."""
        given = self.settings.given
        if given("SENDGRID_API_KEY"):
            env = {"SENDGRID_API_URL": given("SENDGRID_API_URL") or REAL_SENDGRID}
        elif given("SMTP_HOST"):
            env = {}  # a SendGrid key would win over the user's own mail server
        else:
            env = {"SENDGRID_API_KEY": self.secrets["SENDGRID_API_KEY"]}
        if not given("SMTP_HOST"):
            env |= {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(self.smtp_port), "SMTP_TLS": "false"}
        return env


def _missing_only(
    source: Mapping[str, str], env: Mapping[str, str], names: tuple[str, ...]
) -> dict[str, str]:
    return {name: source[name] for name in names if name not in env and name in source}


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, *arguments)
