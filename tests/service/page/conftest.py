"""A running service, and a browser."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from page_house import PageHouse, truth, write_clip
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Page,
    Playwright,
    expect,
    sync_playwright,
)
from waiting import PATIENCE_SECONDS, wait_until

from ctvos_core.results import mask_png_bytes

CLIP_FRAMES = 30
expect.set_options(timeout=1000 * PATIENCE_SECONDS)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageHouse]:
    house = PageHouse(tmp_path_factory.mktemp("data"))
    try:
        house.start_api()
        house.start_worker()
        house.wait_until_ready()
        yield house
    finally:
        house.close()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "square.mp4", CLIP_FRAMES)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Gone after the tests of the page: it has an event loop, beside which others cannot run."""
    with sync_playwright() as playwright:
        browser = _launch(playwright)
        yield browser
        browser.close()


def _launch(playwright: Playwright) -> Browser:
    """The browser that playwright has installed, else the system's."""
    options: dict[str, Any] = {
        "args": ["--no-sandbox", "--disable-gpu"],
        "timeout": 1000 * PATIENCE_SECONDS,
    }
    try:
        return playwright.chromium.launch(**options)
    except Error:
        found = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
        if found is None:
            pytest.skip("needs Chromium: `playwright install chromium`, or the system's")
        return playwright.chromium.launch(executable_path=found, **options)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(1000 * PATIENCE_SECONDS)
    yield context
    context.close()


@pytest.fixture
def open_page(context: BrowserContext) -> Iterator[Callable[[str], Page]]:
    """Opens an address; what the page throws makes the test fail."""
    errors: list[str] = []

    def open_page(url: str) -> Page:
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        return page

    yield open_page
    assert errors == []


@pytest.fixture(scope="session")
def square_mask() -> bytes:
    return mask_png_bytes(truth(0).astype(np.uint8))


@pytest.fixture(scope="session")
def finished_job(house: PageHouse, clip: Path, square_mask: bytes) -> str:
    """Id of a segmentation that has succeeded."""
    with house.client() as client:
        files = [("video", ("square.mp4", clip.read_bytes())), ("mask", ("m.png", square_mask))]
        job_id: str = client.post("/segment", files=files).json()["id"]
        path = f"/jobs/{job_id}"
        wait_until(lambda: client.get(path).json()["status"] == "succeeded", "the job to succeed")
    return job_id
