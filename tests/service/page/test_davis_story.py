"""The story of `test_story` on real footage: what a person corrects gets better."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from page_house import PageHouse, Picture, look
from PIL import Image
from playwright.sync_api import Page, expect
from story_helpers import masks_of

from ctvos_core.evaluation.metrics import region_similarity
from ctvos_core.video import VideoWriter

DAVIS = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "davis-dev"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not DAVIS.is_dir(), reason="no development data beside the checkout"),
]
SEQUENCE, EVERY, FRAMES, CORRECTED = "swing", 6, 7, 3
WIDTH, HEIGHT = 854, 480


@pytest.fixture(scope="module")
def truths() -> list[np.ndarray]:
    """Annotations of the clip's frames."""
    files = sorted((DAVIS / "Annotations" / "480p" / SEQUENCE).glob("*.png"))[::EVERY][:FRAMES]
    return [np.asarray(Image.open(file)) > 0 for file in files]


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few frames, far apart: hard to follow."""
    path = tmp_path_factory.mktemp("clip") / "swing.mp4"
    files = sorted((DAVIS / "JPEGImages" / "480p" / SEQUENCE).glob("*.jpg"))[::EVERY][:FRAMES]
    with VideoWriter(path, WIDTH, HEIGHT) as video:
        for index, file in enumerate(files):
            video.write(np.asarray(Image.open(file)), index / 5)
    return path


def trace(page: Page, frame: int, truth: np.ndarray) -> None:
    """Draw around the largest part of a mask with the polygon, as a person would."""
    found, _ = cv2.findContours(truth.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = cv2.approxPolyDP(max(found, key=cv2.contourArea), 2, True)[:, 0]
    page.get_by_role("button", name="Polygon").click()
    picture = Picture(page, frame, WIDTH, HEIGHT)
    for x, y in outline.tolist():
        page.mouse.click(*picture.at(x + 0.5, y + 0.5))
    look(page, f"davis-polygon-{frame}")
    page.keyboard.press("Enter")


def clear(page: Page) -> None:
    page.get_by_role("button", name="Clear frame").click()


def mean_j(masks: list[np.ndarray], truths: list[np.ndarray], frames: range) -> float:
    return float(np.mean([region_similarity(masks[t] == 1, truths[t]) for t in frames]))


def test_a_corrected_child_is_followed_better(
    house: PageHouse, open_page: Callable[[str], Page], footage: Path, truths: list[np.ndarray]
) -> None:
    page = open_page(house.url)
    page.set_input_files("#video", footage)
    trace(page, 0, truths[0])
    page.get_by_label("Name of object 1").fill("child")
    look(page, "davis-drawn")
    page.get_by_role("button", name="Follow through the video").click()
    page.wait_for_url("**/#/jobs/**")
    look(page, "davis-running")
    expect(page.locator(".badge")).to_have_text("succeeded")
    before = masks_of(page)

    page.get_by_label("Frame number").fill(str(CORRECTED))
    page.get_by_label("Frame number").press("Enter")
    expect(page.locator(".stage canvas")).to_have_attribute("data-frame", str(CORRECTED))
    look(page, "davis-result")
    clear(page)
    trace(page, CORRECTED, truths[CORRECTED])
    look(page, "davis-corrected")
    page.get_by_role("button", name="Follow from corrections").click()
    expect(page.get_by_role("link", name="before the correction")).to_be_visible()
    expect(page.locator(".badge")).to_have_text("succeeded")
    after = masks_of(page)
    look(page, "davis-corrected-result")

    later = range(CORRECTED + 1, FRAMES)
    assert region_similarity(after[CORRECTED] == 1, truths[CORRECTED]) > 0.8
    assert mean_j(after, truths, later) > mean_j(before, truths, later) + 0.15
    for t in range(CORRECTED):
        assert np.array_equal(before[t], after[t])
