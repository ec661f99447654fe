"""Times always increase, in whole ticks, whatever the stamps of a file; outputs keep them."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctvos_core.results.alpha import AlphaWriter
from ctvos_core.video import Timeline, VideoWriter, open_frames, probe
from ctvos_core.video.times import OutputClock, Sampler, StreamClock, bounded_rate

MILLI = Fraction(1, 1000)


def ticks(stamps, time_base=MILLI, declared=None):
    timeline = Timeline.of_stamps(stamps, time_base, declared)
    return (timeline.ticks * float(timeline.time_base) / float(time_base)).round(6).tolist()


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([5, 45, 85], [0, 40, 80]),
        ([-80, -40, 0], [0, 40, 80]),
        ([0, 40, 36_000_000], [0, 40, 36_000_000]),
        ([0, 40, 80, 0, 40, 80], [0, 40, 80, 120, 160, 200]),
        ([0, 40, 0, 40, 0, 40], [0, 40, 80, 120, 160, 200]),
        ([100, 140, 180, -500, -460, -420], [0, 40, 80, 120, 160, 200]),
        ([0, 40, 40, 80, 120], [0, 40, 60, 80, 120]),
        ([0, 40, 20, 120, 160], [0, 40, 80, 120, 160]),
        ([0, 40, None, 120, 160], [0, 40, 80, 120, 160]),
        ([None, 40, 80, 120], [0, 40, 80, 120]),
        ([0, 40, 80, None], [0, 40, 80, 120]),
        ([0, 40, 10**15, 10**15 + 40], [0, 40, 80, 120]),
        ([0, 40, 10**15, 120, 160], [0, 40, 80, 120, 160]),
        ([0, 40, 80, 0], [0, 40, 80, 120]),
        ([0, 0, 0], [0, 40, 80]),
        ([None, None, None], [0, 40, 80]),
        ([7], [0]),
    ],
)
def test_stamps_become_increasing_ticks(stamps, expected):
    assert ticks(stamps) == expected


def test_there_is_room_between_stamps_of_a_coarse_time_base():
    assert ticks([0, 1, 1, 2], Fraction(1, 25)) == [0, 1, 1.5, 2]


stamp_lists = st.lists(
    st.none() | st.integers(-(2**62), 2**62) | st.integers(-200, 200), min_size=1, max_size=30
)
time_bases = st.sampled_from([MILLI, Fraction(1, 25), Fraction(1, 90_000), Fraction(1, 10**9)])
rates = st.none() | st.fractions(Fraction(-1), Fraction(10**9))


@settings(max_examples=300, deadline=None)
@given(stamp_lists, time_bases, rates)
def test_any_stamps_give_times_that_outputs_can_hold(stamps, time_base, declared):
    timeline = Timeline.of_stamps(stamps, time_base, declared)
    assert len(timeline.ticks) == len(stamps)
    assert timeline.ticks[0] == 0
    assert (np.diff(timeline.ticks) > 0).all()
    assert (np.diff(timeline.seconds) > 0).all()
    assert 0 < timeline.rate <= 1000
    assert timeline.duration > timeline.ticks[-1] * timeline.time_base
    clock = OutputClock(timeline.mp4_time_base())
    held = [clock.tick(seconds) for seconds in timeline.seconds.tolist()]
    assert np.diff(held).max(initial=0) < 2**31
    assert timeline.last_interval / clock.time_base < 2**31


@pytest.mark.parametrize(
    ("rate", "bounded"),
    [
        (Fraction(30000, 1001), Fraction(30000, 1001)),
        (Fraction(90_000), Fraction(1000)),
        (Fraction(1, 7200), Fraction(1, 7200)),
        (Fraction(1, 10**9), Fraction(1, 604_800)),
        (Fraction(0), Fraction(25)),
        (Fraction(-5), Fraction(25)),
    ],
)
def test_rates_are_bounded(rate, bounded):
    assert bounded_rate(rate) == bounded


TIMINGS = {
    "a pause of ten hours": [0, 40, 80, 36_000_000, 36_000_040, 36_000_080],
    "one frame in two hours": [0, 7_200_000, 14_400_000],
    "milliseconds": [0, 1, 2, 3, 500, 501],
}


@pytest.mark.parametrize("stamps", TIMINGS.values(), ids=TIMINGS.keys())
def test_long_and_short_gaps_reach_both_outputs(make_video, tmp_path, stamps):
    info = probe(make_video("v.mkv", ticks=stamps, time_base=MILLI))
    np.testing.assert_allclose(info.times, np.array(stamps) / 1000, atol=1e-9)
    write_both(info, tmp_path)
    for name in ("o.mp4", "o.webm"):
        np.testing.assert_allclose(probe(tmp_path / name).times, info.times, atol=1e-9)


def test_frames_within_a_microsecond_reach_both_outputs(make_video, tmp_path):
    stamps = [0, 40_001, 40_002, 80_000, 120_000]
    source = make_video(
        ticks=stamps,
        time_base=Fraction(1, 10**6),
        container_options={"video_track_timescale": "1000000"},
    )
    info = probe(source)
    write_both(info, tmp_path)
    np.testing.assert_allclose(probe(tmp_path / "o.mp4").times, np.array(stamps) / 1e6, atol=1e-9)
    np.testing.assert_allclose(probe(tmp_path / "o.webm").times, info.times, atol=1.1e-3)


def write_both(info, folder):
    black, nothing = np.zeros((64, 96, 3), np.uint8), np.zeros((64, 96), np.uint8)
    with (
        VideoWriter(folder / "o.mp4", 96, 64, timeline=info.timeline) as film,
        AlphaWriter(folder / "o.webm", 96, 64, timeline=info.timeline) as cut,
    ):
        for seconds in info.times.tolist():
            film.write(black, seconds)
            cut.write(black, nothing, seconds)


def test_joined_broadcasts_go_on_where_the_first_ends(make_video, tmp_path):
    one = make_video("a.ts", count=6).read_bytes()
    (tmp_path / "joined.ts").write_bytes(one * 2)
    with open_frames(tmp_path / "joined.ts") as reader:
        np.testing.assert_allclose(reader.info.times, np.arange(12) / 25, atol=1e-4)
        assert reader.info.frame_rate == 25
        grays = [int(frame.image[32, 48].mean()) for frame in reader.frames()]
    np.testing.assert_allclose(grays, [40 + 6 * (i % 6) for i in range(12)], atol=5)


def test_sound_follows_frames_over_a_new_beginning():
    timeline = Timeline.of_stamps([1000, 1040, 1080, 0, 40, 80], MILLI, None)
    clock = StreamClock(timeline)
    length = Fraction(40, 1000)
    heard = [clock.place(Fraction(s, 1000), length) for s in (990, 1030, 1070, -10, 30, 70)]
    assert [float(h) for h in heard] == pytest.approx([-0.01, 0.03, 0.07, 0.11, 0.15, 0.19])


def test_chosen_frames_keep_their_times_and_sound_goes_with_them():
    whole = Timeline.of_stamps(range(1000, 3000, 40), MILLI, None)
    some = whole.chosen(range(10, 20, 2))
    np.testing.assert_allclose(some.seconds, whole.seconds[10:20:2])
    assert some.rate == Fraction(25, 2)
    clock = StreamClock(some)
    assert clock.place(Fraction(1500, 1000), Fraction(1, 50)) == Fraction(100, 1000)
    assert clock.end == some.duration == Fraction(400, 1000)


@pytest.mark.parametrize(
    ("times", "taken"),
    [
        ([i / 25 for i in range(26)], 7),
        ([0, 0.04, 0.08, 3600, *(3600 + i / 25 for i in range(1, 26))], 8),
        ([i / 2 for i in range(10)], 10),
    ],
    ids=["steady", "after a gap", "slower"],
)
def test_samples_never_crowd(times, taken):
    sampler = Sampler(6.0)
    kept = [time for time in times if sampler.takes(time)]
    assert len(kept) == taken
    assert np.diff(kept).min() > 0.1


def test_pixels_that_are_not_square_stay_so(make_video, tmp_path):
    aspect = Fraction(16, 11)
    info = probe(make_video(aspect=aspect))
    assert info.sample_aspect_ratio == aspect
    turned = probe(make_video("turned.mp4", aspect=aspect, rotate=90))
    assert turned.sample_aspect_ratio == 1 / aspect
    assert probe(make_video("square.mp4")).sample_aspect_ratio == 1
    black, nothing = np.zeros((64, 96, 3), np.uint8), np.zeros((64, 96), np.uint8)
    with VideoWriter(tmp_path / "o.mp4", 96, 64, sample_aspect_ratio=aspect) as film:
        film.write(black, 0.0)
    shown = probe(tmp_path / "o.mp4")
    assert (shown.size, shown.sample_aspect_ratio) == ((96, 64), aspect)
    for stored, size in ((aspect, (140, 64)), (1 / aspect, (96, 93)), (Fraction(1), (96, 64))):
        with AlphaWriter(tmp_path / "o.webm", 96, 64, sample_aspect_ratio=stored) as cut:
            cut.write(black, nothing, 0.0)
        shown = probe(tmp_path / "o.webm")
        assert (shown.size, shown.sample_aspect_ratio) == (size, 1)
