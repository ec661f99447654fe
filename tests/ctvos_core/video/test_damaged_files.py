"""Whatever the bytes of a file, it is a video that can be read, or an InputError says why not."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ctvos_core.errors import InputError
from ctvos_core.video import VideoWriter, open_frames

KINDS = {
    "mp4": {"name": "a.mp4", "sound": True},
    "fragments": {"name": "a.mp4", "container_options": {"movflags": "frag_keyframe+empty_moov"}},
    "mkv": {"name": "a.mkv", "sound": True},
    "avi": {"name": "a.avi", "codec": "mpeg4"},
    "ts": {"name": "a.ts", "sound": True},
    "flv": {"name": "a.flv"},
    "wmv": {"name": "a.wmv", "codec": "wmv2"},
    "gif": {"name": "a.gif", "codec": "gif", "pix_fmt": "rgb8"},
    "apng": {"name": "a.apng", "codec": "apng", "pix_fmt": "rgb24"},
}
# Where in the file (from the start, or back from the end where negative), and what is put there.
edits = st.lists(
    st.tuples(
        st.integers(0, 1500) | st.integers(-1500, -1),
        st.sampled_from([b"", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\1"])
        | st.binary(min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("kind", KINDS)
def test_changed_bytes(make_video, tmp_path, kind):
    source = make_video(**{"count": 10, "size": (48, 32), **KINDS[kind]})
    whole, path = source.read_bytes(), tmp_path / "changed"

    @settings(max_examples=25, deadline=None, derandomize=True, database=None)
    @given(edits, st.none() | st.integers(0, len(whole)))
    @example([], len(whole) // 2)
    def try_one(changes, end):
        data = bytearray(whole)
        for place, change in changes:
            at = max(0, min(len(data), place if place >= 0 else len(data) + place))
            data[at : at + max(1, len(change))] = change
        path.write_bytes(data[:end])
        read_all(path, tmp_path / "film.mp4")

    try_one()


def read_all(path, film_path):
    with suppress(InputError), open_frames(path) as reader:
        info = reader.info
        assert len(info.times) == len(reader) > 0
        assert (np.diff(info.times) > 0).all()
        if info.width * info.height > 100_000 or len(reader) > 100:
            return
        with VideoWriter(
            film_path, *info.size, timeline=info.timeline, sound_of=path, preset="ultrafast"
        ) as film:
            for frame in reader.frames():
                film.write(frame.image, frame.time_seconds)
        assert frame.index == len(reader) - 1
        reader.frame(frame.index)
        reader.frame(frame.index // 2)


@pytest.mark.parametrize("stamp", [-(10**15), 10**15])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_seek_that_fails_or_leads_astray_costs_no_frame(make_video, name, stamp):
    with open_frames(make_video(name)) as reader:
        right = list(reader.frames())
        keys = reader._index.keys
        keys[:] = [(pts, stamp) for pts, _ in keys]
        for index in (0, 7, 19):
            np.testing.assert_array_equal(reader.frame(index).image, right[index].image)
