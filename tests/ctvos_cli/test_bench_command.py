"""`ctvos bench` on a clip of a few frames; what it measures is not asserted, what it says is."""

import re


def test_every_stage_has_its_share_and_they_sum_to_the_whole(ctvos, clip, mask, model):
    result = ctvos("bench", clip, "--mask", mask, "--model", model, "--device", "cpu")
    assert result.exit_code == 0, result.stderr
    assert "128x96, 4 frames, 1 object(s), cpu" in result.stdout
    shares = dict(re.findall(r"(\w+): +[\d.]+ ms/frame +([\d.]+) %", result.stdout))
    assert set(shares) == {"decode", "encode", "attention", "labels", "write"}
    assert abs(sum(map(float, shares.values())) - 100) < 2
    assert re.search(r"total: +[\d.]+ frames/s", result.stdout)
    assert re.search(r"peak memory: \d+ MiB", result.stdout)


def test_a_video_without_its_mask_is_refused(ctvos, clip, model):
    result = ctvos("bench", clip, "--model", model, "--device", "cpu")
    assert result.exit_code == 2
    assert "expected a video and its mask" in result.stderr


def test_without_a_video_a_made_clip_is_timed(ctvos, model):
    result = ctvos("bench", "--frames", 1, "--model", model, "--device", "cpu")
    assert result.exit_code == 0, result.stderr
    assert ", 1 frames, 1 object(s), cpu" in result.stdout
