"""From a video to corrected masks, as a person does it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from page_house import SIDE, PageHouse, Picture, corner, look, truth
from playwright.sync_api import BrowserContext, Page, Route, expect
from story_helpers import download, masks_of

FRAMES = 30
CORRECTED = 12
KEEP_NAMES = """button => {
  window.names = [];
  const keep = () => window.names.push(button.getAttribute("aria-label"));
  new MutationObserver(keep).observe(button, { attributeFilter: ["aria-label"] });
}"""

COUNT_BITMAPS = """
  window.bitmaps = { made: 0, open: 0 };
  const make = window.createImageBitmap;
  window.createImageBitmap = async (...given) => {
    const bitmap = await make(...given);
    bitmaps.made += 1;
    bitmaps.open += 1;
    const close = bitmap.close.bind(bitmap);
    bitmap.close = () => (close(), (bitmaps.open -= 1));
    return bitmap;
  };
"""


def jaccard(masks: list[np.ndarray], first: int) -> float:
    """Mean over the frames from `first` on."""
    scores = []
    for index in range(first, FRAMES):
        found, true = masks[index] == 1, truth(index)
        scores.append((found & true).sum() / (found | true).sum())
    return float(np.mean(scores))


def draw_square(page: Page, index: int, width: int = SIDE) -> None:
    left, top = corner(index)
    page.get_by_role("button", name="Box", exact=True).click()
    Picture(page, index).drag((left, top), (left + width, top + SIDE))


def test_draw_follow_reload_correct_and_download(
    house: PageHouse, open_page: Callable[[str], Page], clip: Path
) -> None:
    page = open_page(house.url)
    elsewhere: list[str] = []
    page.on("request", lambda r: None if r.url.startswith(house.url) else elsewhere.append(r.url))
    expect(page.get_by_text("Drop a video here")).to_be_visible()
    look(page, "1-start")

    page.set_input_files("#video", clip)
    page.get_by_role("button", name="Frame forward").click()
    expect(page.get_by_label("Frame number")).to_have_value("1")
    page.get_by_role("button", name="Frame back").click()
    submit = page.get_by_role("button", name="Follow through the video")
    expect(submit).to_be_disabled()
    page.get_by_label("Name of object 1").fill("square")
    draw_square(page, 0, width=SIDE // 3)  # too little of it
    expect(page.get_by_role("button", name="Go to frame 0")).to_be_visible()
    look(page, "2-drawn")
    with house.paused_worker():  # it might be done before anybody looks
        submit.click()
        page.wait_for_url("**/#/jobs/**")
        expect(page.locator(".badge")).to_have_text("queued")
        told = {"phase": "segmenting", "done": 3, "total": FRAMES, "rate": 2.0, "eta_seconds": 13}
        house.tell(page.url.rpartition("/")[2].partition("?")[0], "progress", told)
        expect(page.locator(".progress-text")).to_contain_text(f"3 of {FRAMES} frames")
        look(page, "3-running")
    page.reload()
    expect(page.locator(".badge")).to_have_text("succeeded")
    expect(page.locator(".objects")).to_contain_text("square")
    expect(page.locator(".legend")).to_contain_text("Confidence")
    first_job = page.url
    before = masks_of(page)
    assert len(before) == FRAMES

    page.get_by_label("Frame number").fill(str(CORRECTED))
    page.get_by_label("Frame number").press("Enter")
    look(page, "4-result")
    draw_square(page, CORRECTED)
    look(page, "5-corrected")
    page.get_by_role("button", name="Follow from corrections").click()
    expect(page.get_by_role("link", name="before the correction")).to_be_visible()
    assert page.url != first_job
    expect(page.locator(".badge")).to_have_text("succeeded")
    expect(page.locator(".legend")).to_contain_text("2 given masks")
    corrected_job = page.url
    after = masks_of(page)
    look(page, "6-corrected-result")

    assert jaccard(after, CORRECTED) > jaccard(before, CORRECTED) + 0.2
    assert all(
        np.array_equal(old, new)
        for old, new in zip(before[:CORRECTED], after[:CORRECTED], strict=True)
    )
    coco = json.loads(download(page, "COCO"))
    assert {entry["category_id"] for entry in coco["annotations"]} == {1}
    assert b"ftyp" in download(page, "Overlay video")[:16]
    assert download(page, "Cut-out video")[:4] == b"\x1a\x45\xdf\xa3"  # Matroska's first bytes
    confidence = json.loads(download(page, "Confidence"))
    assert len(confidence["frames"]) == FRAMES

    page.get_by_role("link", name="Jobs").click()
    newest = page.locator("tbody tr").first
    expect(newest).to_contain_text("square.mp4 corrected")
    newest.get_by_role("link").click()
    page.wait_for_url(corrected_job.partition("?")[0] + "*")
    page.go_back()
    look(page, "7-jobs")
    assert elsewhere == []


def test_an_object_is_said_to_be_absent(
    house: PageHouse, open_page: Callable[[str], Page], finished_job: str
) -> None:
    page = open_page(f"{house.url}/#/jobs/{finished_job}?frame={CORRECTED}")
    expect(page.locator(".badge")).to_have_text("succeeded")
    before = masks_of(page)
    submit = page.get_by_role("button", name="Follow from corrections")
    Picture(page, CORRECTED)
    page.keyboard.press("x")
    expect(page.get_by_text(f"Not in frame {CORRECTED}: Object 1")).to_be_visible()
    look(page, "absent")
    page.keyboard.press("Control+z")
    expect(submit).to_be_disabled()
    page.get_by_role("button", name="Object 1 is not in this frame").click()
    submit.click()
    expect(page.get_by_role("link", name="before the correction")).to_be_visible()
    expect(page.locator(".badge")).to_have_text("succeeded")
    after = masks_of(page)
    assert before[CORRECTED].any()
    assert not after[CORRECTED].any()
    assert all(np.array_equal(before[t], after[t]) for t in range(CORRECTED))


def test_the_newest_mask_is_shown_until_one_looks_elsewhere(
    house: PageHouse, open_page: Callable[[str], Page], clip: Path, square_mask: bytes
) -> None:
    with house.paused_worker(), house.client() as client:
        files = [("video", clip.read_bytes()), ("mask", square_mask)]
        job = client.post("/segment", files=files).json()
        along = open_page(f"{house.url}/#/jobs/{job['id']}")
        elsewhere = open_page(f"{house.url}/#/jobs/{job['id']}")
        for page in (along, elsewhere):
            expect(page.get_by_text("Waiting for a worker")).to_be_visible()
        elsewhere.keyboard.press("End")
        elsewhere.keyboard.press("ArrowLeft")
    expect(along.locator(".badge")).to_have_text("succeeded")
    expect(along.get_by_label("Frame number")).to_have_value(str(FRAMES - 1))
    expect(elsewhere.locator(".badge")).to_have_text("succeeded")
    expect(elsewhere.get_by_label("Frame number")).to_have_value(str(FRAMES - 2))


def test_a_finished_job_plays_to_its_end(
    house: PageHouse, open_page: Callable[[str], Page], finished_job: str
) -> None:
    page = open_page(f"{house.url}/#/jobs/{finished_job}")
    expect(page.locator(".badge")).to_have_text("succeeded")
    button = page.get_by_role("button", name="Play")
    button.evaluate(KEEP_NAMES)
    button.click()
    expect(page.get_by_label("Frame number")).to_have_value(str(FRAMES - 1))
    expect(button).to_be_visible()
    assert "Pause" in page.evaluate("names"), "while it played"


def test_a_page_goes_on_when_the_api_was_away(
    house: PageHouse, open_page: Callable[[str], Page], clip: Path, square_mask: bytes
) -> None:
    with house.paused_worker(), house.client() as client:
        files = [("video", clip.read_bytes()), ("mask", square_mask)]
        job = client.post("/segment", files=files).json()
        page = open_page(f"{house.url}/#/jobs/{job['id']}")
        expect(page.get_by_text("Waiting for a worker")).to_be_visible()
        house.stop("api")
        expect(page.get_by_text("The connection broke off")).to_be_visible()
        house.start_api()

    expect(page.locator(".badge")).to_have_text("succeeded")


def test_a_stream_is_asked_again_unless_it_is_refused(
    house: PageHouse,
    context: BrowserContext,
    open_page: Callable[[str], Page],
    clip: Path,
    square_mask: bytes,
) -> None:
    answers = [429, 408]

    def busy_then_open(route: Route) -> None:
        if answers:
            route.fulfill(status=answers.pop(), body="")
        else:
            route.continue_()

    with house.paused_worker(), house.client() as client:
        files = [("video", clip.read_bytes()), ("mask", square_mask)]
        job = client.post("/segment", files=files).json()
        context.route("**/events", busy_then_open)
        patient = open_page(f"{house.url}/#/jobs/{job['id']}")
        expect(patient.get_by_text("Waiting for a worker")).to_be_visible()
        refused = open_page(house.url)
        gone = json.dumps({"code": "job_not_found", "detail": "This job was deleted elsewhere."})
        refused.route("**/events", lambda route: route.fulfill(status=404, body=gone))
        refused.goto(f"{house.url}/#/jobs/{job['id']}")
        expect(refused.get_by_role("alert")).to_contain_text("deleted elsewhere")
        expect(refused.locator(".progress-text")).to_contain_text("deleted elsewhere")
    expect(patient.locator(".badge")).to_have_text("succeeded")
    assert answers == []


def test_pictures_are_closed_when_they_are_no_longer_shown(
    house: PageHouse,
    context: BrowserContext,
    open_page: Callable[[str], Page],
    finished_job: str,
) -> None:
    context.add_init_script(COUNT_BITMAPS)
    page = open_page(f"{house.url}/#/jobs/{finished_job}")
    expect(page.locator(".badge")).to_have_text("succeeded")
    page.get_by_role("button", name="Play").click()
    expect(page.locator(f"canvas[data-frame='{FRAMES - 1}']")).to_be_visible()
    assert page.evaluate("bitmaps") == {"made": FRAMES, "open": 1}
    page.get_by_role("link", name="Jobs").click()
    expect(page.locator("tbody tr").first).to_be_visible()
    assert page.evaluate("bitmaps.open") == 0


def test_deleting_asks_first(
    house: PageHouse, open_page: Callable[[str], Page], clip: Path, square_mask: bytes
) -> None:
    with house.client() as client:
        files = [("video", clip.read_bytes()), ("mask", square_mask)]
        job = client.post("/segment", files=files).json()
        page = open_page(f"{house.url}/#/jobs/{job['id']}")
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("button", name="Keep").click()
        assert client.get(f"/jobs/{job['id']}").status_code == 200
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        page.wait_for_url("**/#/jobs")
        assert client.get(f"/jobs/{job['id']}").status_code == 404
