"""API keys: `ctvos_<id>_<secret>`, of which only a hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from ctvos_jobs.database import now
from ctvos_jobs.settings import Settings
from ctvos_jobs.tables import ApiKey

ENVIRONMENT_KEY_ID = "environment"
"""Id of the key in the settings."""
_FORM = re.compile(r"ctvos_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Principal:
    """Who calls."""

    key_id: str
    admin: bool
    """May see and do everything."""


def create_key(session: Session, name: str, admin: bool = False) -> tuple[ApiKey, str]:
    """Make a key; returns its row, and the key itself, which is nowhere kept."""
    identifier = secrets.token_hex(6)
    plaintext = f"ctvos_{identifier}_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        id=identifier, name=name, digest=_digest(plaintext), admin=admin, created_at=now(session)
    )
    session.add(key)
    session.flush()
    return key, plaintext


def verify(session: Session, plaintext: str, settings: Settings) -> Principal | None:
    """Who has this key; None: nobody."""
    if settings.api_key is not None and _same(plaintext, settings.api_key.get_secret_value()):
        return Principal(ENVIRONMENT_KEY_ID, admin=True)
    match = _FORM.fullmatch(plaintext)
    key = session.get(ApiKey, match[1]) if match else None
    if key is None or key.revoked_at is not None or not _same(_digest(plaintext), key.digest):
        return None
    return Principal(key.id, key.admin)


def has_keys(session: Session, settings: Settings) -> bool:
    """Whether any key is valid: else the API asks for none and must stay on this machine."""
    if settings.api_key is not None:
        return True
    return session.scalars(select(ApiKey.id).where(ApiKey.revoked_at.is_(None))).first() is not None


def list_keys(session: Session) -> Sequence[ApiKey]:
    """All keys, revoked ones too, oldest first."""
    return session.scalars(select(ApiKey).order_by(ApiKey.created_at, ApiKey.id)).all()


def revoke_key(session: Session, key_id: str) -> bool:
    """Make a key worthless; False: there is no such key."""
    key = session.get(ApiKey, key_id)
    if key is None:
        return False
    key.revoked_at = key.revoked_at or now(session)
    return True


def _digest(plaintext: str) -> str:
    # The secret has 256 random bits, so a slow hash would protect nothing more.
    return hashlib.sha256(plaintext.encode()).hexdigest()


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
