"""Ten minutes of video: every frame can be reached, and the page does not hold them all."""

import io
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from page_house import PageHouse, Picture, look
from PIL import Image
from playwright.sync_api import Page, expect

from ctvos_core.results import mask_png_bytes
from ctvos_core.video import Timeline, VideoWriter
from ctvos_jobs import lifecycle
from ctvos_jobs.database import Database
from ctvos_jobs.settings import load_settings
from ctvos_jobs.store import ArtifactStore

FRAMES, RATE, WIDTH, HEIGHT = 6000, 10, 160, 120
BITS, BLOCK = 13, 12
DOUBTFUL = 5990


@pytest.fixture(scope="module")
def ten_minutes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each frame shows its number, as black and white blocks."""
    path = tmp_path_factory.mktemp("clip") / "long.mp4"
    with VideoWriter(
        path,
        WIDTH,
        HEIGHT,
        timeline=Timeline.steady(Fraction(RATE)),
        quality=30,
        preset="ultrafast",
    ) as video:
        for index in range(FRAMES):
            image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
            bits = (index >> np.arange(BITS)) & 1
            image[40:80, 2 : 2 + BITS * BLOCK] = (255 * bits).repeat(BLOCK)[None, :, None]
            video.write(image, index / RATE)
    return path


def number_on(page: Page, frame: int) -> int:
    """What the picture itself says which frame it is."""
    picture = Picture(page, frame, WIDTH, HEIGHT)
    page.mouse.move(2, 2)
    shown = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("L"))
    at = [picture.at(2 + BLOCK * (bit + 0.5), 60) for bit in range(BITS)]
    return sum((int(shown[round(y), round(x)]) > 128) << bit for bit, (x, y) in enumerate(at))


def heap_bytes(page: Page) -> int:
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    used: int = session.send("Runtime.getHeapUsage")["usedSize"]
    session.detach()
    return used


def test_a_draft_of_ten_minutes_is_stepped_through_exactly(
    house: PageHouse, open_page: Callable[[str], Page], ten_minutes: Path
) -> None:
    page = open_page(house.url)
    page.set_input_files("#video", ten_minutes)
    number = page.get_by_label("Frame number")
    assert number_on(page, 0) == 0
    page.keyboard.press("End")
    assert number_on(page, FRAMES - 1) == FRAMES - 1
    expect(page.locator(".time")).to_have_text("9:59.90")
    for back in range(1, 4):
        page.keyboard.press("ArrowLeft")
        assert number_on(page, FRAMES - 1 - back) == FRAMES - 1 - back
    page.keyboard.press("PageUp")
    assert number_on(page, FRAMES - 14) == FRAMES - 14
    before = heap_bytes(page)
    for frame in range(40, FRAMES, 250):
        number.fill(str(frame))
        number.press("Enter")
        expect(page.locator(".stage canvas")).to_have_attribute("data-frame", str(frame))
    assert number_on(page, 5790) == 5790
    assert heap_bytes(page) < before + 20e6


@pytest.fixture
def long_job(house: PageHouse, ten_minutes: Path) -> str:
    """Id of a segmentation that has succeeded, with the masks of its last frames."""
    settings = load_settings(data_dir=house.folder)
    database, store = Database(settings.database_url), ArtifactStore(settings.artifact_url)
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[10:30, 10:30] = 1
    mask = mask_png_bytes(labels)
    with house.paused_worker(), house.client() as client:
        files = [("video", ("long.mp4", ten_minutes.read_bytes())), ("mask", mask)]
        job_id: str = client.post("/segment", files=files).json()["id"]
        with database.session() as session:
            job = lifecycle.claim(session, job_id, "test", 3600)
        assert job is not None
        prefix = f"jobs/{job_id}/{job.attempt}"
        sure = [0.3 if index == DOUBTFUL else 0.9 for index in range(FRAMES)]
        listed = [
            {"frame": i, "name": f"{i:05d}", "confidence": {"1": v}} for i, v in enumerate(sure)
        ]
        content = {"objects": [1], "frames": listed, "review": [DOUBTFUL]}
        for name, data in (
            ("confidence.json", json.dumps(content).encode()),
            *((f"masks/{index:05d}.png", mask) for index in range(DOUBTFUL - 5, FRAMES)),
        ):
            with store.open_write(f"{prefix}/{name}") as file:
                file.write(data)
        with database.session() as session:
            result = {"frames": FRAMES, "review": [DOUBTFUL]}
            assert lifecycle.succeed(session, job_id, job.attempt, result, "0" * 64)
    database.dispose()
    return job_id


def test_the_timeline_of_ten_minutes_leads_to_the_frame_in_doubt(
    house: PageHouse, open_page: Callable[[str], Page], long_job: str
) -> None:
    page = open_page(f"{house.url}/#/jobs/{long_job}")
    expect(page.locator(".legend")).to_contain_text("Confidence")
    expect(page.locator(".legend")).to_contain_text("1 frame worth a look")
    page.keyboard.press("n")
    assert number_on(page, DOUBTFUL) == DOUBTFUL
    look(page, "long")
    strip = page.locator(".strip").bounding_box()
    assert strip is not None
    page.mouse.click(strip["x"] + strip["width"] - 9, strip["y"] + 20)
    expect(page.get_by_label("Frame number")).not_to_have_value(str(DOUBTFUL))
    assert page.get_by_label("Frame number").input_value() > "5980"
