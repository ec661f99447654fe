"""Axe finds nothing serious in any view, light or dark; a keyboard is enough."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from page_house import PageHouse, look
from playwright.sync_api import Page, expect

_SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def serious_faults(page: Page) -> list[str]:
    return [
        f"{scheme} {fault['id']}: {node['html'][:200]} ({node['failureSummary']})"
        for scheme in _SCHEMES
        for fault in _violations(page, scheme)
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


def _violations(page: Page, scheme: Literal["light", "dark"]) -> list[dict[str, Any]]:
    page.emulate_media(color_scheme=scheme)
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return violations


def test_axe_finds_nothing_serious(
    house: PageHouse,
    open_page: Callable[[str], Page],
    clip: Path,
    finished_job: str,
) -> None:
    page = open_page(house.url)
    expect(page.get_by_text("Up to")).to_be_visible()
    assert serious_faults(page) == []
    for address, there in (
        (f"#/jobs/{finished_job}", ".legend .key.given"),
        ("#/jobs", "tbody tr"),
        ("#/training", "tbody tr"),
    ):
        page.goto(f"{house.url}/{address}")
        expect(page.locator(there).first).to_be_visible()
        assert serious_faults(page) == [], address
    page.get_by_role("button", name="Keyboard shortcuts").click()
    assert serious_faults(page) == []
    page.keyboard.press("Escape")
    page.goto(house.url)
    page.set_input_files("#video", clip)
    expect(page.locator("canvas[data-frame='0']")).to_be_visible()
    assert serious_faults(page) == []


def test_a_keyboard_is_enough_to_draw_and_send(
    house: PageHouse, open_page: Callable[[str], Page], clip: Path
) -> None:
    page = open_page(house.url)
    page.set_input_files("#video", clip)
    picture = page.get_by_label("Picture and masks")
    expect(picture).to_have_attribute("data-frame", "0")
    drawn = page.get_by_role("button", name="Go to frame")

    page.keyboard.press("ArrowRight")
    expect(picture).to_have_attribute("data-frame", "1")
    page.keyboard.press("r")
    picture.focus()
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Enter")
    for _ in range(2):
        page.keyboard.press("Shift+ArrowDown")
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    expect(drawn).to_have_text(["1"])
    page.keyboard.press("ArrowRight")
    expect(picture).to_have_attribute("data-frame", "2")
    page.keyboard.press("b")
    page.keyboard.press("Shift+ArrowUp")
    page.keyboard.press("Enter")
    expect(drawn).to_have_text(["1", "2"])
    page.keyboard.press("Control+z")
    expect(drawn).to_have_text(["1"])
    page.keyboard.press("Control+Shift+z")
    expect(drawn).to_have_text(["1", "2"])
    page.keyboard.press("Control+Enter")

    page.wait_for_url("**/#/jobs/**")
    expect(page.locator(".legend")).to_contain_text("2 given masks")


def test_a_narrow_window_shows_everything(
    house: PageHouse, open_page: Callable[[str], Page], finished_job: str
) -> None:
    page = open_page(f"{house.url}/#/jobs/{finished_job}")
    page.set_viewport_size({"width": 390, "height": 780})
    expect(page.locator("canvas[data-frame='0']")).to_be_visible()
    look(page, "phone")
    for name in ("Play", "Masks (zip)", "Delete"):
        page.get_by_role("button", name=name).scroll_into_view_if_needed()
        expect(page.get_by_role("button", name=name)).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
