"""Zips of frames by every program, and those made to harm."""

import io
import stat
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from ctvos_core.errors import InputError
from ctvos_core.video import probe
from ctvos_core.video.frames_zip import unpack_frames


def image_bytes(size=(96, 64), form="PNG"):
    buffer = io.BytesIO()
    Image.new("RGB", size, (30, 60, 90)).save(buffer, form)
    return buffer.getvalue()


@pytest.fixture
def unpack(tmp_path):
    """Unpack a zip with these entries, in order; gives the names of the frames."""

    def run(entries, method=zipfile.ZIP_DEFLATED, change=lambda data: data, max_frames=100):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            for name, data in entries:
                entry = zipfile.ZipInfo("x")
                entry.filename, entry.compress_type = name, method
                archive.writestr(entry, data)
        path, folder = tmp_path / "frames.zip", tmp_path / "unpacked"
        path.write_bytes(change(buffer.getvalue()))
        folder.mkdir()
        unpack_frames(path, folder, max_frames)
        assert all(
            file.parent == folder
            for file in tmp_path.rglob("*")
            if file.suffix != ".zip" and file != folder
        )
        return sorted(file.name for file in folder.iterdir())

    return run


def refusal(unpack, *arguments, **options):
    with pytest.raises(InputError) as caught:
        unpack(*arguments, **options)
    assert "\n" not in str(caught.value)
    return caught.value.code


IMAGE = image_bytes()


def test_backslashes_of_windows(unpack):
    entries = [("frames\\", b""), ("frames\\0.png", IMAGE), ("frames\\1.png", IMAGE)]
    assert unpack([*entries, ("frames\\Thumbs.db", b"-")]) == ["0.png", "1.png"]


@pytest.mark.parametrize("encoding", ["cp437", "cp932", "gbk", "latin-1", "cp1251"])
def test_names_in_other_encodings(unpack, encoding):
    text = {"cp932": "フレーム", "gbk": "帧", "cp1251": "кадр"}.get(encoding, "é")
    raw = text.encode(encoding)
    plain = b"#" * len(raw)

    def rename(data):
        return data.replace(plain, raw)

    entries = [(f"{plain.decode()}{index}.png", IMAGE) for index in (0, 1, 10)]
    found = unpack(entries, change=rename)
    assert len(found) == 3
    assert all(name.endswith(("0.png", "1.png")) for name in found)


def test_names_in_unicode(unpack):
    assert unpack([("кадр-1.png", IMAGE), ("кадр-2.png", IMAGE)]) == ["кадр-1.png", "кадр-2.png"]


def test_a_mask_and_other_files_beside_the_frames(unpack):
    entries = [(f"v/{i}.jpg", image_bytes(form="JPEG")) for i in range(3)]
    extra = [("v/mask.png", IMAGE), ("v/notes.txt", b"-"), ("__MACOSX/v/._0.jpg", b"-")]
    assert unpack([*entries, *extra]) == ["0.jpg", "1.jpg", "2.jpg"]


def test_flat_pictures_that_compress_extremely_well(unpack, tmp_path):
    flat = image_bytes((1920, 1280), "BMP")
    assert len(flat) * 12 > 80 << 20
    assert len(unpack([(f"{i}.bmp", flat) for i in range(12)])) == 12
    assert probe(tmp_path / "unpacked").size == (1920, 1280)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        IMAGE,
        image_bytes((40, 30), "BMP"),
        # One that claims more pixels than any frame may have.
        IMAGE[:16] + struct.pack(">II", 60000, 60000) + IMAGE[24:],
    ],
)
def test_bombs(unpack, head):
    assert refusal(unpack, [("0.png", head + bytes(90 << 20))]) == "zip_bomb"


@pytest.mark.parametrize(
    "name",
    [
        *("../0.png", "..\\0.png", "a\\..\\..\\0.png", "/etc/0.png", "\\0.png", "\\\\host\\0.png"),
        *("C:\\0.png", "c:0.png", f"{'x' * 300}.png"),
    ],
)
def test_names_that_lead_elsewhere(unpack, name):
    assert refusal(unpack, [(name, IMAGE)]) == "zip_unsafe"


def test_links_and_secrets(unpack, tmp_path):
    path = tmp_path / "l.zip"
    with zipfile.ZipFile(path, "w") as archive:
        entry = zipfile.ZipInfo("0.png")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(InputError, match=r"the link '0\.png'"):
        unpack_frames(path, tmp_path, 9)

    def encrypt(data):
        at = data.index(b"PK\x01\x02") + 8
        return data[:at] + b"\x01" + data[at + 1 :]

    assert refusal(unpack, [("0.png", IMAGE)], change=encrypt) == "zip_unsafe"


@pytest.mark.parametrize(
    ("entries", "code"),
    [
        ([("a/0.png", IMAGE), ("b/0.png", IMAGE)], "zip_has_folders"),
        ([("a\\0.png", IMAGE), ("a/0.png", IMAGE)], "frame_names_clash"),
        ([("notes.txt", b"-")], "video_has_no_frames"),
        ([(f"{i}.png", IMAGE) for i in range(101)], "too_many_frames"),
    ],
)
def test_what_is_no_zip_of_one_video(unpack, entries, code):
    assert refusal(unpack, entries) == code


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damage(unpack, method, tmp_path):
    """Found by fuzzing: each way of compressing raises an exception of its own."""
    noise = np.random.default_rng(0).bytes(2000)

    def spoil(data):
        return data[:60] + bytes(byte ^ 0xFF for byte in data[60:400]) + data[400:]

    assert refusal(unpack, [("0.png", noise)], method=method, change=spoil) == "zip_damaged"


def test_a_zip_cut_short(unpack):
    assert refusal(unpack, [("0.png", IMAGE)], change=lambda data: data[:-30]) == "zip_damaged"
