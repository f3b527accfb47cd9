"""Signing in: keys that rotate, links that are used once, and nothing learnt from the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from config.settings import PrivacySettings, get_settings
from database.session import Database
from services.errors import Unauthenticated
from services.people import auth
from services.people.auth import Authenticator
from services.people.tokens import TokenSigner
from tests.template import PASSWORD

OLD, NEW = "old-secret-key-0123456789-0123456789", "new-secret-key-0123456789-0123456789"
WHO = "viewer@north.example"


def signer(current: str, *previous: str) -> TokenSigner:
    return TokenSigner(
        PrivacySettings(
            SECRET_KEY=SecretStr(current), SECRET_KEYS_PREVIOUS=[SecretStr(key) for key in previous]
        )
    )


def sign_in(database: Database, by: TokenSigner, password: str = PASSWORD) -> auth.Grant:
    with database.service() as session:
        return auth.sign_in(session, by, WHO, password)


def test_the_secret_key_rotates_in_peace(database: Database) -> None:
    token = sign_in(database, signer(OLD)).access_token
    assert Authenticator(database, signer(NEW, OLD)).authenticate(token).role == "viewer"
    with pytest.raises(Unauthenticated, match="not valid"):
        Authenticator(database, signer(NEW)).authenticate(token)
    fresh = signer(NEW, OLD).sign(signer(NEW, OLD).read(token))
    assert jwt.get_unverified_header(fresh)["kid"] != jwt.get_unverified_header(token)["kid"]
    with pytest.raises(Unauthenticated):
        signer(OLD).read(fresh)


@pytest.mark.parametrize("algorithm", ["none", "HS512"])
def test_other_algorithms_are_refused(algorithm: str) -> None:
    ours = signer(OLD)
    claims = {"iss": "careloop", "sub": "1", "est": 1, "sid": "x", "exp": 9999999999}
    key = None if algorithm == "none" else "k" * 64
    forged = jwt.encode(claims, key, algorithm, headers={"kid": next(iter(ours._keys))})
    with pytest.raises(Unauthenticated):
        ours.read(forged)


def test_a_link_is_used_once_and_reuse_ends_the_sign_in(database: Database) -> None:
    ours = signer(OLD)
    first = sign_in(database, ours)
    with database.service() as session:
        second = auth.refresh(session, ours, first.refresh_token)
    assert second is not None
    with database.service() as session:
        assert auth.refresh(session, ours, first.refresh_token) is None  # a thief, or the owner
    with pytest.raises(Unauthenticated), database.service() as session:
        auth.refresh(session, ours, second.refresh_token)
    for grant in (first, second):
        with pytest.raises(Unauthenticated, match="ended"):
            Authenticator(database, ours).authenticate(grant.access_token)


def test_signing_out_ends_one_sign_in_and_everywhere_ends_all(database: Database) -> None:
    ours = signer(OLD)
    here, there = sign_in(database, ours), sign_in(database, ours)
    with database.service() as session:
        auth.end_sign_in(session, here.refresh_token)
    with pytest.raises(Unauthenticated):
        Authenticator(database, ours).authenticate(here.access_token)
    principal = Authenticator(database, ours).authenticate(there.access_token)
    with database.service() as session:
        auth.revoke_everywhere(session, principal.user_id or 0)
    with pytest.raises(Unauthenticated):
        Authenticator(database, ours).authenticate(there.access_token)


def test_an_old_refresh_token_is_refused(database: Database, owner: Any) -> None:
    grant = sign_in(database, signer(OLD))
    with owner.begin() as connection:
        connection.execute(
            text("update shared.refresh_tokens set expires_at = :then"),
            {"then": datetime.now(UTC) - timedelta(seconds=1)},
        )
    with pytest.raises(Unauthenticated), database.service() as session:
        auth.refresh(session, signer(OLD), grant.refresh_token)


def test_passwords_are_argon2id_and_an_unknown_user_costs_one_too(
    database: Database, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with owner.begin() as connection:
        hashes = connection.execute(text("select password_hash from shared.users")).scalars().all()
    assert hashes
    assert all(value.startswith("$argon2id$v=19$m=65536,") for value in hashes)
    checked: list[str] = []
    real = auth.check_password

    def noted(password: str, stored: str) -> Any:
        checked.append(stored)
        return real(password, stored)

    monkeypatch.setattr(auth, "check_password", noted)
    for email in ("nobody@north.example", "not an address", WHO):
        with pytest.raises(Unauthenticated) as caught, database.service() as session:
            auth.sign_in(session, signer(OLD), email, "wrong")
        assert caught.value.code == "login_wrong"
    # The same work each time: all three hashes were made with the same parameters.
    assert len(checked) == 3
    assert {stored.rpartition("$")[0].rpartition("$")[0] for stored in checked} == {
        hashes[0].rpartition("$")[0].rpartition("$")[0]
    }


def test_a_disabled_user_is_out(database: Database, owner: Any) -> None:
    token = sign_in(database, signer(OLD)).access_token
    index = auth.email_index(WHO)
    switch = text("update shared.users set active = :on where email_index = :index")
    with owner.begin() as connection:
        connection.execute(switch, {"on": False, "index": index})
    try:
        with pytest.raises(Unauthenticated):
            Authenticator(database, signer(OLD)).authenticate(token)
        with pytest.raises(Unauthenticated):
            sign_in(database, signer(OLD))
    finally:
        with owner.begin() as connection:
            connection.execute(switch, {"on": True, "index": index})


def test_the_running_service_reads_previous_keys() -> None:
    privacy = get_settings().privacy.model_copy(update={"previous_secret_keys": [SecretStr(OLD)]})
    assert len(TokenSigner(privacy)._keys) == 2
