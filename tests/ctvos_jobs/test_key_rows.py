"""API keys: shown once, kept as a hash, revocable."""

from ctvos_jobs.api_keys import Principal, create_key, has_keys, list_keys, revoke_key, verify
from ctvos_jobs.database import Database
from ctvos_jobs.settings import Settings, load_settings


def test_a_key_opens_and_its_secret_is_nowhere_kept(database: Database, settings: Settings) -> None:
    with database.session() as session:
        assert not has_keys(session, settings)
        key, plaintext = create_key(session, "camera 1")
        admin, admin_text = create_key(session, "boss", admin=True)
    secret = plaintext.split("_", 2)[2]
    with database.session() as session:
        assert has_keys(session, settings)
        assert verify(session, plaintext, settings) == Principal(key.id, admin=False)
        assert verify(session, admin_text, settings) == Principal(admin.id, admin=True)
        kept = [str(vars(row)) for row in list_keys(session)]
    assert len(kept) == 2
    assert not any(secret in text for text in kept)
    assert plaintext.startswith(f"ctvos_{key.id}_")


def test_anything_else_opens_nothing(sqlite: Database, settings: Settings) -> None:
    with sqlite.session() as session:
        key, plaintext = create_key(session, "camera")
        other, _ = create_key(session, "other")
    wrong = [
        *("", "ctvos", "ctvos__", plaintext[:-1], plaintext + "x", plaintext.upper(), "é" * 60),
        plaintext.replace(key.id, other.id),
        plaintext[:-1] + ("a" if plaintext[-1] != "a" else "b"),
        key.digest,
    ]
    with sqlite.session() as session:
        assert [verify(session, text, settings) for text in wrong] == [None] * len(wrong)


def test_a_revoked_key_opens_nothing_any_more(sqlite: Database, settings: Settings) -> None:
    with sqlite.session() as session:
        key, plaintext = create_key(session, "camera")
        assert revoke_key(session, key.id)
        assert not revoke_key(session, "000000000000")
    with sqlite.session() as session:
        assert verify(session, plaintext, settings) is None
        assert not has_keys(session, settings)


def test_the_key_of_the_settings_is_an_administrators(sqlite: Database) -> None:
    settings = load_settings(api_key="open sesame")
    with sqlite.session() as session:
        assert has_keys(session, settings)
        assert verify(session, "open sesame", settings) == Principal("environment", admin=True)
        assert verify(session, "open", settings) is None
