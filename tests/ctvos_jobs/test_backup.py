"""Backups, tested by destroying what they were made of."""

import json
import shutil

import pytest
from sqlalchemy import create_engine, select, text

from ctvos_core.errors import InputError
from ctvos_jobs import api_keys, backup, outbox, videos
from ctvos_jobs.database import Database, now
from ctvos_jobs.store import ArtifactStore
from ctvos_jobs.tables import Base, Job, Model, OutboxMessage


def put(store, key, data=b"data"):
    with store.open_write(key) as file:
        file.write(data)


@pytest.fixture
def full(database, store, new_job):
    """A database with rows of many kinds; returns the ids of its jobs by what they are."""
    jobs = {name: new_job(database).id for name in ("done", "other", "waiting", "gone")}
    with database.session() as session:
        for name, status in (("done", "succeeded"), ("other", "failed"), ("gone", "expired")):
            job = session.get(Job, jobs[name])
            job.status, job.stored_bytes, job.finished_at = status, 7, now(session)
        session.get(Job, jobs["done"]).result = {"frames": 3, "wörter": ["é", None]}
        session.add(Model(name="mine", digest="d", card={"network": {}}, created_at=now(session)))
        api_keys.create_key(session, "editor")
        videos.add_video(
            session, name="a.mp4", key="videos/v/video.mp4", sha256="s", size_bytes=2**40,
            width=4, height=3, video_id="v",
        )  # fmt: skip
    for name in ("done", "other", "waiting"):
        put(store, f"jobs/{jobs[name]}/inputs/video.mp4", name.encode())
    put(store, "models/mine/card.json", b"{}")
    put(store, "videos/v/video.mp4", b"footage")
    put(store, "uploads/draft/video.mp4", b"goes by itself")
    return jobs


def everything(database):
    with database.reading() as session:
        return {
            table.name: sorted(map(repr, session.execute(select(table)).all()))
            for table in Base.metadata.sorted_tables
        }


def files(store):
    found = [key for prefix in ("jobs", "models", "videos") for key in store.list(prefix)]
    return {key: b"".join(store.iter(key)) for key in found}


def destroy(url):
    engine = create_engine(url)
    Base.metadata.drop_all(engine)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
    engine.dispose()


def test_all_comes_back_after_everything_was_destroyed(
    full, database, database_url, store, settings, tmp_path
):
    rows, kept = everything(database), files(store)
    made = backup.back_up(database, store, tmp_path / "backup")
    assert sorted(made.jobs) == sorted(full[name] for name in ("done", "other", "waiting"))
    assert (tmp_path / "backup").stat().st_mode & 0o077 == 0

    destroy(database_url)
    for prefix in ("jobs", "models", "videos", "uploads"):
        store.delete(prefix)
    assert files(store) == {}

    restored = backup.restore(database, store, tmp_path / "backup")
    assert restored == made
    assert everything(database) == rows
    assert files(store) == kept


def test_work_goes_on_after_a_restore(full, database, database_url, store, tmp_path):
    backup.back_up(database, store, tmp_path / "backup")
    destroy(database_url)
    backup.restore(database, store, tmp_path / "backup")
    newest = select(OutboxMessage.id).order_by(OutboxMessage.id.desc())
    with database.session() as session:
        highest = session.scalars(newest).first()
        message = outbox.Message("segment", "task", (full["waiting"],))
        outbox.enqueue(session, message, subject=full["waiting"], at=now(session))
        session.flush()
        assert session.scalars(newest).first() > highest


def test_jobs_that_were_not_chosen_come_back_expired(full, database, database_url, store, tmp_path):
    backup.back_up(database, store, tmp_path / "backup", jobs=[full["done"]])
    destroy(database_url)
    store.delete("jobs")
    backup.restore(database, store, tmp_path / "backup")
    with database.reading() as session:
        found = {name: session.get(Job, job) for name, job in full.items()}
    assert found["other"].status == "expired"
    assert found["other"].stored_bytes == 0
    assert found["done"].status == "succeeded"
    assert found["waiting"].status == "queued"
    assert found["done"].result == {"frames": 3, "wörter": ["é", None]}
    assert files(store).keys() == {
        f"jobs/{full['done']}/inputs/video.mp4",
        f"jobs/{full['waiting']}/inputs/video.mp4",
        "models/mine/card.json",
        "videos/v/video.mp4",
    }


def test_a_backup_of_sqlite_restores_to_postgresql_and_s3(
    sqlite, store, new_job, postgresql_url, s3_options, tmp_path
):
    job = new_job(sqlite)
    put(store, f"jobs/{job.id}/inputs/video.mp4", b"x" * 100)
    backup.back_up(sqlite, store, tmp_path / "backup")
    target, bucket = Database(postgresql_url), ArtifactStore("s3://ctvos/restored", s3_options)
    try:
        backup.restore(target, bucket, tmp_path / "backup")
        assert everything(target) == everything(sqlite)
        assert files(bucket) == files(store)
    finally:
        target.dispose()
        destroy(postgresql_url)


def test_a_database_with_rows_is_left_alone(full, database, store, tmp_path):
    backup.back_up(database, store, tmp_path / "backup")
    before = everything(database)
    with pytest.raises(InputError, match="without rows") as caught:
        backup.restore(database, store, tmp_path / "backup")
    assert caught.value.code == "database_not_empty"
    assert everything(database) == before


@pytest.mark.parametrize("harm", ["changed", "missing", "outside"])
def test_a_damaged_backup_changes_nothing(harm, full, sqlite_backup, settings, tmp_path):
    folder, job = sqlite_backup, full["done"]
    path = folder / "store" / "jobs" / job / "inputs" / "video.mp4"
    if harm == "changed":
        path.write_bytes(b"DONE")
    elif harm == "missing":
        path.unlink()
    else:
        manifest = json.loads((folder / "manifest.json").read_text())
        manifest["files"]["../secret"] = [1, "0"]
        (folder / "manifest.json").write_text(json.dumps(manifest))
    target = Database(f"sqlite:///{tmp_path / 'new.db'}")
    with pytest.raises(InputError) as caught:
        backup.restore(target, ArtifactStore(tmp_path / "new"), folder)
    target.dispose()
    assert caught.value.code == "backup_damaged"
    assert list((tmp_path / "new").rglob("*")) == []


@pytest.fixture
def sqlite_backup(full, database, store, tmp_path):
    backup.back_up(database, store, tmp_path / "backup")
    return tmp_path / "backup"


def test_a_backup_that_fails_leaves_nothing(database, store, tmp_path):
    database.migrate()
    with pytest.raises(InputError) as caught:
        backup.back_up(database, store, tmp_path / "backups" / "one", jobs=["nobody"])
    assert caught.value.code == "job_not_found"
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_folder_that_is_no_backup_and_one_of_a_newer_release(sqlite_backup, database, store):
    with pytest.raises(InputError) as caught:
        backup.read_manifest(sqlite_backup / "store")
    assert caught.value.code == "backup_invalid"
    manifest = json.loads((sqlite_backup / "manifest.json").read_text())
    (sqlite_backup / "manifest.json").write_text(json.dumps({**manifest, "revision": "9999"}))
    with pytest.raises(InputError) as caught:
        backup.read_manifest(sqlite_backup)
    assert caught.value.code == "backup_too_new"
    with pytest.raises(InputError) as caught:
        backup.back_up(database, store, sqlite_backup)
    assert caught.value.code == "backup_exists"
    shutil.rmtree(sqlite_backup)
