"""What is known of a file before work begins, and that it agrees with what decoding yields."""

import pickle
from fractions import Fraction

import numpy as np
import pytest

from ctvos_core.errors import InputError
from ctvos_core.video import open_frames, probe

KINDS = {
    "h264 with B frames, mp4": {"name": "a.mp4"},
    "open groups": {"name": "a.mp4", "options": {"x264-params": "open-gop=1:b-adapt=0"}},
    "fragmented mp4": {
        "name": "a.mp4",
        "container_options": {"movflags": "frag_keyframe+empty_moov"},
    },
    "edit list hides frames before zero": {"name": "a.mp4", "ticks": range(-5, 15)},
    "late start": {"name": "a.mp4", "ticks": range(50, 70)},
    "one frame": {"name": "a.mp4", "count": 1},
    "with sound": {"name": "a.mp4", "sound": True},
    "10 bits": {"name": "a.mp4", "pix_fmt": "yuv420p10le"},
    "hevc": {"name": "a.mp4", "codec": "libx265", "options": {"x265-params": "log-level=none"}},
    "mov": {"name": "a.mov"},
    "mkv": {"name": "a.mkv"},
    "vp9 with hidden frames": {
        "name": "a.webm",
        "codec": "libvpx-vp9",
        "options": {"auto-alt-ref": "1", "lag-in-frames": "12", "cpu-used": "8"},
    },
    "vp8 with hidden frames": {
        "name": "a.webm",
        "codec": "libvpx",
        "options": {"auto-alt-ref": "1", "lag-in-frames": "12", "b": "200k"},
    },
    "h264 in avi, without times": {"name": "a.avi"},
    "mpeg4 with B frames in avi": {
        "name": "a.avi",
        "codec": "mpeg4",
        "options": {"bf": "2", "b": "4M"},
    },
    "mjpeg in avi": {"name": "a.avi", "codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "transport stream": {"name": "a.ts"},
    "program stream": {"name": "a.mpg", "codec": "mpeg2video", "options": {"b": "1M"}},
    "flv": {"name": "a.flv"},
    "wmv": {"name": "a.wmv", "codec": "wmv2", "options": {"b": "2M"}},
    "ivf": {"name": "a.ivf", "codec": "libvpx", "options": {"b": "2M", "lag-in-frames": "0"}},
    "raw h264": {"name": "a.h264"},
    "yuv4mpeg": {"name": "a.y4m", "codec": "wrapped_avframe"},
    "apng": {"name": "a.apng", "codec": "apng", "pix_fmt": "rgb24"},
    "gif": {"name": "a.gif", "codec": "gif", "pix_fmt": "rgb8"},
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.replace(" ", "-"))
def test_probe_agrees_with_decoding(make_video, kind):
    path = make_video(**KINDS[kind])
    info = probe(path)
    with open_frames(path) as reader:
        frames = list(reader.frames())
    hidden = 5 if "hides" in kind else 0
    expected = 1 if kind == "one frame" else 20 - hidden
    assert info.frame_count == len(frames) == len(reader) == len(info.times) == expected
    assert [frame.index for frame in frames] == list(range(expected))
    assert [frame.time_seconds for frame in frames] == info.times.tolist()
    np.testing.assert_allclose(info.times, np.arange(expected) / 25, atol=0.0011)
    assert info.frame_rate == 25
    assert info.duration_seconds == pytest.approx(expected / 25, abs=0.0011)
    grays = [frame.image[32, 48].mean() for frame in frames]
    tolerance = 36 if "gif" in kind else 6  # 256 fixed colours
    np.testing.assert_allclose(grays, 40 + 6 * (hidden + np.arange(expected)), atol=tolerance)


def test_info_of_a_file(make_video):
    path = make_video("clip.mp4", count=3, size=(96, 64))
    info = probe(str(path))
    assert (info.path, info.size, info.rotation) == (path, (96, 64), 0)
    assert (info.codec, info.pixel_format, info.is_folder) == ("h264", "yuv420p", False)
    assert info.stems == ("00000", "00001", "00002")


def test_info_travels_between_processes(make_video):
    info = probe(make_video(count=3))
    again = pickle.loads(pickle.dumps(info))
    assert again.stems == info.stems
    np.testing.assert_array_equal(again.times, info.times)


@pytest.mark.parametrize("name", ["vfr.mp4", "vfr.mkv"])
def test_variable_frame_rate_is_kept(make_video, name):
    milliseconds = [0, 40, 90, 290, 300, 1000, 1033, 2500]
    info = probe(make_video(name, ticks=milliseconds, time_base=Fraction(1, 1000)))
    np.testing.assert_allclose(info.times, np.array(milliseconds) / 1000, atol=1e-9)
    assert float(info.frame_rate) == pytest.approx(7 / 2.5, rel=0.01)


@pytest.mark.parametrize(("counterclockwise", "clockwise"), [(90, 270), (180, 180), (270, 90)])
def test_rotation_gives_the_displayed_size(make_video, counterclockwise, clockwise):
    info = probe(make_video(rotate=counterclockwise, size=(96, 64)))
    assert info.rotation == clockwise
    assert info.size == ((96, 64) if clockwise == 180 else (64, 96))


def test_the_name_of_a_file_does_not_matter(make_video, tmp_path):
    path = make_video("clip.mkv", count=4)
    renamed = path.rename(tmp_path / "holiday.txt")
    assert probe(renamed).frame_count == 4
    (tmp_path / "link.avi").symlink_to(renamed)
    assert probe(tmp_path / "link.avi").frame_count == 4


def assert_refused(path, code, *words):
    with pytest.raises(InputError) as caught:
        probe(path)
    message = str(caught.value)
    assert caught.value.code == code, message
    assert path.name in message
    assert "\n" not in message
    for word in words:
        assert word in message


def test_missing_file(tmp_path):
    assert_refused(tmp_path / "nothing.mp4", "file_not_found", "expected a video file or a folder")


def test_name_too_long_or_broken_link(tmp_path):
    (tmp_path / "broken.mp4").symlink_to(tmp_path / "gone.mp4")
    assert_refused(tmp_path / "broken.mp4", "file_not_found")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "an empty file"),
        (b"just some text", "no known container"),
        (b"\x89PNG\r\n\x1a\n", "a PNG image"),
        (b"PK\x03\x04....", "a zip archive"),
        (b"\x00\x00\x00\x18ftypisom" + bytes(12), "without an index"),
        (b"\x1a\x45\xdf\xa3" + b"rubbish" * 50, "bytes of no known container, or damaged ones"),
    ],
)
def test_not_a_video(tmp_path, data, words):
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    assert_refused(path, "not_a_video", words)


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile://{secret}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{secret}'\n",
        "file '{secret}'\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
        '<?xml version="1.0"?>\n<MPD><BaseURL>{secret}</BaseURL></MPD>',
    ],
    ids=["m3u8", "ffconcat", "concat", "sdp", "dash"],
)
@pytest.mark.parametrize("name", ["clip.mp4", "list.m3u8"])
def test_lists_that_point_elsewhere_are_refused(make_video, tmp_path, text, name):
    secret = make_video("secret.ts", count=2)
    path = tmp_path / name
    path.write_text(text.format(secret=secret))
    assert_refused(path, "external_reference", "points to other files")


def test_audio_only(tmp_path):
    import av

    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=48000)
        for _ in range(10):
            frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), "fltp", "stereo")
            frame.sample_rate = 48000
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    assert_refused(path, "video_has_no_video_stream", "only audio")


def test_frames_above_the_pixel_limit(make_video):
    huge = make_video("huge.avi", size=(7000, 5600), count=1, codec="mjpeg", pix_fmt="yuvj420p")
    assert_refused(huge, "video_too_large", "at most 36000000 pixels", "7000x5600")
