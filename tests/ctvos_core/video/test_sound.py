"""The sound of a video is heard in what is made of its frames, at the same times."""

from fractions import Fraction

import av
import numpy as np
import pytest

from ctvos_core.video import VideoWriter, open_frames

SECONDS = 2


@pytest.fixture
def make_film(tmp_path):
    """Frames of 25 a second from `start` on, and a beep from 1.0 s to 1.1 s in 2 s of sound."""

    def make(name, codec="aac", layout="stereo", rate=48000, count=50, start=0, form="fltp"):
        path = tmp_path / name
        with av.open(str(path), "w") as out:
            video = out.add_stream("libvpx" if name.endswith("webm") else "libx264", rate=25)
            video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
            audio = out.add_stream(codec, rate=rate, layout=layout)
            for index in range(count):
                frame = av.VideoFrame(96, 64, "yuv420p")
                frame.pts, frame.time_base = start + index, Fraction(1, 25)
                out.mux(video.encode(frame))
            out.mux(video.encode(None))
            time = np.arange(SECONDS * rate) / rate
            wave = np.where((time >= 1) & (time < 1.1), np.sin(2 * np.pi * 1000 * time), 0)
            planes = np.stack([wave] * (1 if layout == "mono" else 2)).astype(np.float32)
            resampler = av.AudioResampler(form, layout, rate)
            for first in range(0, planes.shape[1], 1024):
                piece = av.AudioFrame.from_ndarray(
                    np.ascontiguousarray(planes[:, first : first + 1024]), "fltp", layout
                )
                piece.sample_rate, piece.pts = rate, first
                piece.time_base = Fraction(1, rate)
                for ready in resampler.resample(piece):
                    out.mux(audio.encode(ready))
            out.mux(audio.encode(None))
        return path

    return make


def overlay(source):
    target = source.with_name("overlay.mp4")
    with open_frames(source) as reader:
        info = reader.info
        with VideoWriter(
            target, info.width, info.height, timeline=info.timeline, sound_of=source
        ) as film:
            for frame in reader.frames():
                film.write(frame.image, frame.time_seconds)
    return target


def listen(path):
    """Codec, when the beep begins, and when the sound ends, in seconds."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        heard, end = [], 0.0
        for frame in container.decode(stream):
            samples = np.abs(frame.to_ndarray().reshape(-1, frame.samples)[0])
            begin = float(frame.pts * frame.time_base)
            heard += (begin + np.flatnonzero(samples > 0.2) / frame.sample_rate).tolist()
            end = begin + frame.samples / frame.sample_rate
        return stream.codec_context.codec.canonical_name, min(heard, default=None), end


@pytest.mark.parametrize(
    ("name", "codec", "form", "kept"),
    [
        ("a.mp4", "aac", "fltp", "aac"),
        ("a.ts", "aac", "fltp", "aac"),
        ("a.mkv", "flac", "s16", "flac"),
        ("a.mkv", "ac3", "fltp", "ac3"),
        ("a.avi", "pcm_s16le", "s16", "aac"),
        ("a.mov", "pcm_s16le", "s16", "aac"),
        ("a.mkv", "mp2", "s16", "aac"),
        ("a.webm", "libopus", "s16", "opus"),
        ("a.avi", "libmp3lame", "s16p", "mp3"),
    ],
)
def test_sound_is_kept(make_film, name, codec, form, kept):
    found, begin, end = listen(overlay(make_film(name, codec=codec, form=form)))
    assert found == kept
    assert begin == pytest.approx(1.0, abs=0.06)
    assert end == pytest.approx(2.0, abs=0.06)


@pytest.mark.parametrize("codec", ["aac", "pcm_s16le"])
def test_sound_is_cut_to_the_frames(make_film, codec):
    form = "fltp" if codec == "aac" else "s16"
    source = make_film("a.mkv", codec=codec, form=form, start=20, count=15)
    _, begin, end = listen(overlay(source))
    assert begin == pytest.approx(0.2, abs=0.06)
    assert end == pytest.approx(0.6, abs=0.06)


def test_mono_of_another_rate(make_film):
    source = make_film("a.mov", codec="pcm_s16le", form="s16", layout="mono", rate=32000)
    assert listen(overlay(source))[1] == pytest.approx(1.0, abs=0.06)


def test_a_video_without_sound_gets_none(make_video):
    with av.open(str(overlay(make_video()))) as container:
        assert not container.streams.audio


def test_a_broadcast_that_announces_sound_and_has_none(make_film):
    source = make_film("a.ts")
    data, sound = source.read_bytes(), b"\x01\x01"
    packets = [data[at : at + 188] for at in range(0, len(data), 188)]
    kept = [p for p in packets if bytes([p[1] & 0x1F, p[2]]) != sound]
    assert len(kept) < len(packets)
    source.write_bytes(b"".join(kept))
    with open_frames(overlay(source)) as reader:
        assert len(reader) == 50


def test_damaged_sound_costs_no_frame(make_film):
    source = make_film("a.mkv", codec="flac", form="s16")
    with av.open(str(source)) as container:
        places = [(p.pos, p.size) for p in container.demux(audio=0) if p.size]
    data = bytearray(source.read_bytes())
    for place, size in places[len(places) // 2 :]:
        data[place + 8 : place + size] = bytes(size - 8)
    source.write_bytes(data)
    with open_frames(overlay(source)) as reader:
        assert len(reader) == 50
