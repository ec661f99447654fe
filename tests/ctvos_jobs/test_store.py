"""The store, in a folder and on S3 (a server that speaks its protocol)."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ctvos_core.errors import InputError
from ctvos_jobs.store import ArtifactStore


@pytest.fixture(params=["folder", "s3"])
def any_store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    if request.param == "folder":
        return ArtifactStore(tmp_path / "store")
    options = request.getfixturevalue("s3_options")
    return ArtifactStore(f"s3://ctvos/{tmp_path.name}", options)


def put(store: ArtifactStore, key: str, data: bytes) -> None:
    with store.open_write(key) as file:
        file.write(data)


def test_what_was_written_is_read(any_store: ArtifactStore) -> None:
    put(any_store, "jobs/a/1/coco.json", b"0123456789")
    assert any_store.size("jobs/a/1/coco.json") == 10
    with any_store.open_read("jobs/a/1/coco.json") as file:
        assert file.read() == b"0123456789"
    with any_store.open_read("jobs/a/1/coco.json", 2, 3) as file:
        assert file.read() == b"234"
    with any_store.open_read("jobs/a/1/coco.json", 8, 100) as file:
        assert file.read() == b"89"
    assert list(any_store.iter("jobs/a/1/coco.json", 1, 8, chunk=3)) == [b"123", b"456", b"7"]
    assert b"".join(any_store.iter("jobs/a/1/coco.json", 4)) == b"456789"
    put(any_store, "jobs/a/1/coco.json", b"new")
    assert b"".join(any_store.iter("jobs/a/1/coco.json")) == b"new"
    put(any_store, "empty", b"")
    assert any_store.size("empty") == 0
    assert list(any_store.iter("empty")) == []


def test_files_go_in_and_out(any_store: ArtifactStore, tmp_path: Path) -> None:
    data = bytes(range(256)) * 40_000  # larger than a block of S3
    (tmp_path / "video.mp4").write_bytes(data)
    any_store.put_file(tmp_path / "video.mp4", "jobs/a/inputs/video.mp4")
    any_store.get_file("jobs/a/inputs/video.mp4", tmp_path / "new" / "copy.mp4")
    assert (tmp_path / "new" / "copy.mp4").read_bytes() == data
    with any_store.open_read("jobs/a/inputs/video.mp4", 9_000_000, 300) as file:
        assert file.read() == data[9_000_000:9_000_300]


def test_what_is_absent_is_said_to_be(any_store: ArtifactStore, tmp_path: Path) -> None:
    put(any_store, "jobs/a/x", b"x")
    assert any_store.size("jobs/a/y") is None
    assert any_store.size("jobs/a") is None, "a folder is no file"
    assert any_store.list("jobs/b") == []
    assert any_store.children("nothing") == []
    any_store.delete("jobs/b")
    with pytest.raises(FileNotFoundError):
        any_store.open_read("jobs/a/y")
    with pytest.raises(FileNotFoundError):
        list(any_store.iter("jobs/a/y"))
    with pytest.raises(FileNotFoundError):
        any_store.get_file("jobs/a/y", tmp_path / "y")
    with pytest.raises(FileNotFoundError):
        any_store.last_write("jobs/b")


def test_folders_are_listed_and_deleted_alone(any_store: ArtifactStore) -> None:
    for key in ("jobs/a/1/masks/[x] 1*.png", "jobs/a/1/coco.json", "jobs/ab/1/coco.json"):
        put(any_store, key, b"x")
    assert any_store.list("jobs/a") == ["jobs/a/1/coco.json", "jobs/a/1/masks/[x] 1*.png"]
    assert any_store.children("jobs") == ["a", "ab"]
    any_store.delete("jobs/a/1/coco.json")
    assert any_store.list("jobs/a") == ["jobs/a/1/masks/[x] 1*.png"]
    any_store.delete("jobs/a")
    assert any_store.list("jobs") == ["jobs/ab/1/coco.json"]


def test_a_file_appears_whole_or_not_at_all(any_store: ArtifactStore) -> None:
    put(any_store, "kept", b"old")

    def write_and_fail(key: str) -> None:
        with any_store.open_write(key) as file:
            file.write(b"x" * (9 << 20))
            assert any_store.size("kept") == 3, "not before the end"
            assert any_store.size("new") is None
            raise RuntimeError("power cut")

    for key in ("kept", "new"):
        with pytest.raises(RuntimeError, match="power cut"):
            write_and_fail(key)
    assert b"".join(any_store.iter("kept")) == b"old"
    assert any_store.size("new") is None


def test_the_last_write_is_that_of_the_newest_file(any_store: ArtifactStore) -> None:
    put(any_store, "uploads/a/video.mp4", b"x")
    age = datetime.now(UTC) - any_store.last_write("uploads/a")
    assert abs(age) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "key",
    ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/.", "a\\..\\b", "a/", "a\0b", "a\nb"],
)
def test_keys_that_lead_elsewhere_are_refused(any_store: ArtifactStore, key: str) -> None:
    actions = [
        lambda: any_store.open_write(key).__enter__(),
        lambda: any_store.open_read(key),
        lambda: any_store.size(key),
        lambda: any_store.list(key),
        lambda: any_store.delete(key),
    ]
    for action in actions:
        with pytest.raises(InputError) as caught:
            action()
        assert caught.value.code == "key_refused"


def test_only_a_folder_has_paths(any_store: ArtifactStore, tmp_path: Path) -> None:
    path = any_store.local_path("jobs/a/x")
    if path is not None:
        assert path == tmp_path / "store" / "jobs" / "a" / "x"
        with pytest.raises(InputError):
            any_store.local_path("../x")


def test_readers_in_a_folder_never_see_half_of_a_file(tmp_path: Path) -> None:
    store = ArtifactStore(tmp_path)
    contents = {bytes([letter]) * 300_000 for letter in b"abc"}
    put(store, "file", min(contents))
    done = threading.Event()
    seen: set[bytes] = set()

    def read() -> None:
        while not done.is_set():
            seen.add(b"".join(store.iter("file")))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(20):
        for content in contents:
            put(store, "file", content)
    done.set()
    reader.join()
    assert seen <= contents
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
