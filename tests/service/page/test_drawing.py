"""What is drawn is what is sent, and what is shown is what was filmed."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from page_house import HEIGHT, WIDTH, PageHouse, Picture, look, turn, write_halves
from PIL import Image
from playwright.sync_api import Page, expect

from ctvos_core.results import mask_png_bytes

ENCODE = """async (labels) => {
  const { encodeLabels } = await import("/app/png_labels.js");
  const blob = await encodeLabels({ ...labels, data: Uint8Array.from(labels.data) });
  return Array.from(new Uint8Array(await blob.arrayBuffer()));
}"""
DECODE = """async (bytes) => {
  const { decodeLabels } = await import("/app/png_labels.js");
  const found = await decodeLabels(Uint8Array.from(bytes).buffer);
  return { ...found, data: Array.from(found.data) };
}"""


def some_labels(shape: tuple[int, int], most: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, most + 1, shape).astype(np.uint8)


def png(image: Image.Image, **options: object) -> bytes:
    packed = io.BytesIO()
    image.save(packed, "PNG", **options)
    return packed.getvalue()


def test_masks_are_encoded_as_ids(house: PageHouse, open_page: Callable[[str], Page]) -> None:
    page = open_page(house.url)
    labels = some_labels((37, 53), 255)

    sent = page.evaluate(ENCODE, {"width": 53, "height": 37, "data": labels.ravel().tolist()})

    image = Image.open(io.BytesIO(bytes(sent)))
    assert image.mode == "L"
    assert np.array_equal(np.asarray(image), labels)


def test_masks_of_every_kind_are_decoded(
    house: PageHouse, open_page: Callable[[str], Page]
) -> None:
    page = open_page(house.url)
    labels = some_labels((37, 53), 5)
    smooth = np.repeat(np.arange(37, dtype=np.uint8)[:, None], 53, 1)  # is filtered by rows
    indexed = Image.fromarray(labels)
    indexed.putpalette([7] * 768)
    few = Image.fromarray(labels % 4)
    few.putpalette([9, 9, 9] * 4)
    white = Image.fromarray((labels > 2).astype(np.uint8) * 255)
    for data, expected in (
        (mask_png_bytes(labels), labels),
        (png(indexed), labels),
        (png(few, bits=2), labels % 4),
        (png(Image.fromarray(smooth)), smooth),
        (png(Image.fromarray(labels.astype(np.uint16))), labels),
        (png(white), labels > 2),
        (png(white.convert("1")), labels > 2),
    ):
        found = page.evaluate(DECODE, list(data))
        assert (found["width"], found["height"]) == (53, 37)
        assert np.array_equal(np.reshape(found["data"], (37, 53)), expected)
    with pytest.raises(Exception, match="got one with colours"):
        page.evaluate(DECODE, list(png(white.convert("RGB"))))


def test_all_tools_draw_and_everything_can_be_undone(
    house: PageHouse, open_page: Callable[[str], Page], clip: Path
) -> None:
    page = open_page(house.url)
    page.set_input_files("#video", clip)
    picture = Picture(page)
    undo = page.get_by_role("button", name="Undo")

    page.get_by_role("button", name="Polygon").click()
    for corner in ((10, 10), (30, 10), (30, 30), (10, 30)):
        page.mouse.click(*picture.at(*corner))
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Add object").click()
    page.get_by_role("button", name="Box", exact=True).click()
    picture.drag((40, 10), (60, 30))
    page.get_by_role("button", name="Eraser").click()
    picture.drag((50, 8), (50, 32))
    page.get_by_role("button", name="Brush").click()
    picture.drag((75, 45), (85, 45))
    look(page, "drawing")
    with page.expect_request("**/segment") as sent:
        page.get_by_role("button", name="Follow through the video").click()
    page.wait_for_url("**/#/jobs/**")
    response = sent.value.response()
    assert response is not None
    with house.client() as client:
        job = response.json()["id"]
        given = client.get(f"/jobs/{job}/frames").json()["masks"]
        assert [(mask["frame"], mask["objects"], mask["absent"]) for mask in given] == [
            (0, [1, 2], [])
        ]
    [file] = (house.folder / "jobs" / job / "inputs").glob("mask-*.png")
    labels = np.asarray(Image.open(file))
    assert labels.shape == (HEIGHT, WIDTH)
    assert (labels[10:30, 10:30] == 1).all()
    assert (labels == 1).sum() == 400
    assert (labels[10:30, 40:46] == 2).all()
    assert (labels[10:30, 50] == 0).all()
    assert (labels[44:46, 75:85] == 2).all()

    page = open_page(house.url)
    page.set_input_files("#video", clip)
    picture = Picture(page)
    page.get_by_role("button", name="Box", exact=True).click()
    picture.drag((10, 10), (20, 20))
    picture.drag((30, 10), (40, 20))
    undo = page.get_by_role("button", name="Undo")
    undo.click()
    undo.click()
    expect(undo).to_be_disabled()
    expect(page.get_by_role("button", name="Follow through the video")).to_be_disabled()


def test_a_mask_file_takes_the_place_of_drawing(
    house: PageHouse, open_page: Callable[[str], Page], clip: Path, tmp_path: Path
) -> None:
    labels = np.zeros((HEIGHT, WIDTH), np.uint8)
    labels[10:20, 10:20], labels[30:40, 50:60] = 3, 5
    fits, wrong = tmp_path / "fits.png", tmp_path / "wrong.png"
    fits.write_bytes(mask_png_bytes(labels))
    wrong.write_bytes(mask_png_bytes(labels.T.copy()))
    page = open_page(house.url)
    page.set_input_files("#video", clip)
    expect(page.locator("canvas[data-frame='0']")).to_be_visible()

    page.set_input_files("#mask-file", wrong)
    expect(page.get_by_role("alert")).to_contain_text("expected a mask as large as the video")
    page.get_by_role("button", name="Close message").click()
    page.set_input_files("#mask-file", fits)

    for name in ("Name of object 3", "Name of object 5"):
        expect(page.get_by_label(name)).to_be_visible()
    expect(page.get_by_role("button", name="Go to frame 0")).to_be_visible()


def test_a_mask_file_is_refused_for_a_frame_that_is_not_shown(
    house: PageHouse, open_page: Callable[[str], Page], clip: Path, tmp_path: Path
) -> None:
    mask = tmp_path / "mask.png"
    mask.write_bytes(mask_png_bytes(np.ones((HEIGHT, WIDTH), np.uint8)))
    page = open_page(house.url)
    page.set_input_files("#video", clip)
    expect(page.locator("canvas[data-frame='0']")).to_be_visible()
    page.route("**/frames/29", lambda route: route.abort())
    page.keyboard.press("End")
    expect(page.get_by_role("alert")).to_be_visible()

    page.set_input_files("#mask-file", mask)

    refusal = page.get_by_role("alert").filter(has_text="frame 29 cannot be drawn on now")
    expect(refusal).to_be_visible()


@pytest.mark.parametrize("is_turned", [False, True], ids=["1080p", "phone"])
def test_videos_are_shown_the_right_way_up(
    house: PageHouse, open_page: Callable[[str], Page], tmp_path: Path, is_turned: bool
) -> None:
    video = write_halves(tmp_path / "halves.mp4", 1920, 1080)
    size = (1920, 1080)
    if is_turned:  # the left, white half is up
        video, size = turn(video, tmp_path / "phone.mov"), (1080, 1920)
    page = open_page(house.url)

    page.set_input_files("#video", video)

    expect(page.get_by_text(f"{size[0]} × {size[1]}")).to_be_visible()
    picture = Picture(page, 0, *size)
    look(page, "phone-video" if is_turned else "1080p")
    page.mouse.move(5, 5)
    shown = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(int)
    middle = size[0] // 2, size[1] // 2
    ends = [(middle[0], 40), (middle[0], size[1] - 40)] if is_turned else []
    ends = ends or [(40, middle[1]), (size[0] - 40, middle[1])]
    bright, dark = (shown[round(y), round(x)] for x, y in (picture.at(*end) for end in ends))
    assert bright.min() > 240
    assert abs(dark - (20, 30, 120)).max() < 12
