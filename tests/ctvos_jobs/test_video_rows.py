"""Footage to train on, and how much each key stores."""

from job_rows import NewJob, change

from ctvos_jobs import lifecycle, usage, videos
from ctvos_jobs.database import Database
from ctvos_jobs.store import ArtifactStore
from ctvos_jobs.tables import Video, new_id


def add(database: Database, store: ArtifactStore, name: str, key_id: str | None = None) -> Video:
    video_id = new_id()
    key = f"videos/{video_id}/video.mp4"
    with store.open_write(key) as file:
        file.write(b"film")
    with database.session() as session:
        return videos.add_video(
            session,
            video_id=video_id,
            name=name,
            key=key,
            sha256="0" * 64,
            size_bytes=4,
            width=320,
            height=180,
            frames=50,
            key_id=key_id,
        )


def test_videos_are_listed_newest_first(database: Database, store: ArtifactStore) -> None:
    names = [add(database, store, f"clip {number}").name for number in range(3)]
    with database.reading() as session:
        first, cursor = videos.list_videos(session, limit=2)
        rest, end = videos.list_videos(session, limit=2, cursor=cursor)
    assert [video.name for video in [*first, *rest]] == names[::-1]
    assert end is None


def test_keys_see_and_delete_their_own_only(database: Database, store: ArtifactStore) -> None:
    mine, other = add(database, store, "a", "mine"), add(database, store, "b", "other")
    with database.session() as session:
        assert videos.get_video(session, other.id, "mine") is None
        assert not videos.delete_video(session, store, other.id, "mine")
        listed, _ = videos.list_videos(session, key_id="mine")
        assert [video.id for video in listed] == [mine.id]
        assert videos.delete_video(session, store, mine.id, "mine")
    with database.session() as session:
        assert videos.get_video(session, mine.id) is None
        assert not videos.delete_video(session, store, mine.id)
    assert store.list("videos") == [other.key]


def test_use_is_counted_by_key(database: Database, store: ArtifactStore, new_job: NewJob) -> None:
    for key_id in ("mine", "mine", "other", None):
        new_job(database, key_id=key_id)
    finished = new_job(database, key_id="mine")
    with database.session() as session:
        lifecycle.request_cancel(session, finished.id)
    change(database, finished.id, stored_bytes=1000)
    add(database, store, "clip", "mine")
    with database.reading() as session:
        assert usage.unfinished_jobs(session, "mine") == 2
        assert usage.unfinished_jobs(session, None) == 1
        assert usage.stored_bytes(session, "mine") == 100 + 100 + 1000 + 4
        assert usage.stored_bytes(session, "nobody") == 0
