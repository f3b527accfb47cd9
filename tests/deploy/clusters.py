"""PostgreSQL clusters as docker-compose.prod.yml makes them: three logins, none of them special."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from supervisor.embedded import EmbeddedPostgres
from tests.conftest import ROOT

SCRIPTS = ROOT / "deploy" / "postgres"
DATABASE = "careloop"


@dataclass
class Cluster:
    """A PostgreSQL of its own, with the secrets' and the backups' folder of its containers."""

    server: EmbeddedPostgres
    superuser_url: str
    folder: Path

    @classmethod
    def start(cls, folder: Path) -> Cluster:
        """Start an empty cluster and run the first-start script, as the postgres image does."""
        server = EmbeddedPostgres(folder / "postgres", durable=False)
        cluster = cls(server, server.start(), folder)
        (folder / "backups").mkdir()
        for login in ("owner", "app", "backup"):
            cluster.set_password(login, f'{login}\'s "password" £')
        cluster.run("10-logins.sh")
        return cluster

    def stop(self) -> None:
        self.server.stop(5)

    def set_password(self, login: str, password: str) -> None:
        """Write a secret file, as deploy/secrets.sh does (`run` makes the database take it)."""
        path = self.folder / f"careloop_{login}_password"
        path.write_text(password + "\n", "utf-8")

    def password(self, login: str) -> str:
        return (self.folder / f"careloop_{login}_password").read_text("utf-8").strip()

    def url(self, login: str) -> str:
        """The URL of `owner`, `app` or `backup`."""
        secret = quote(self.password(login), safe="")
        return f"postgresql://careloop_{login}:{secret}@127.0.0.1:{self.server.port}/{DATABASE}"

    def run(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of deploy/postgres/*.sh with the wheel's own psql and pg_dump."""
        return subprocess.run(
            [str(SCRIPTS / script), *arguments],
            env={
                "PATH": f"{EmbeddedPostgres.binaries()}:{os.environ['PATH']}",
                "PGHOST": "127.0.0.1",
                "PGPORT": str(self.server.port),
                "PGPASSWORD": self.server.password,
                "POSTGRES_USER": "careloop",
                "POSTGRES_DB": DATABASE,
                "SECRETS": str(self.folder),
                "BACKUP_FOLDER": str(self.folder / "backups"),
            },
            check=False,
            text=True,
            capture_output=True,
            timeout=60,
        )

    def dumps(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "backups").iterdir())
