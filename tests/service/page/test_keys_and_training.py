"""The key, errors in the service's words, and the training page."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from page_house import PageHouse, look
from PIL import Image
from playwright.sync_api import Page, expect

from ctvos_jobs import events, lifecycle, registry
from ctvos_jobs.database import Database
from ctvos_jobs.embedded_redis import RedisAddress
from ctvos_jobs.settings import Settings, load_settings
from ctvos_jobs.store import ArtifactStore

KEY = "a-key-that-nobody-guesses"
PACKAGED = Path(registry.__file__).parent.parent / "ctvos_core/weights/default"


def test_the_page_weighs_little() -> None:
    folder = Path(__file__).parents[3] / "service" / "page"
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 500_000


def test_what_is_no_video_is_said_to_be_none(
    house: PageHouse, open_page: Callable[[str], Page], tmp_path: Path
) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("not a video at all " * 50)
    page = open_page(house.url)

    page.set_input_files("#video", text)

    expect(page.get_by_role("alert")).to_contain_text("video")
    look(page, "refused")
    expect(page.get_by_text("Drop a video here")).to_be_visible()


def test_a_key_is_asked_for_once(
    tmp_path_factory: pytest.TempPathFactory, open_page: Callable[[str], Page]
) -> None:
    house = PageHouse(tmp_path_factory.mktemp("keyed"), CTVOS_API_KEY=KEY)
    try:
        house.start_api()
        house.wait_until_ready("/healthz")
        page = open_page(f"{house.url}/#/jobs")
        expect(page.get_by_role("dialog")).to_contain_text("This needs an API key")
        look(page, "key")
        page.get_by_role("dialog").get_by_label("API key").fill("wrong")
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_contain_text("a valid API key")
        page.get_by_role("dialog").get_by_label("API key").fill(KEY)
        page.keyboard.press("Enter")
        expect(page.get_by_text("No jobs.")).to_be_visible()
        page.reload()
        expect(page.get_by_text("No jobs.")).to_be_visible()
        assert page.get_by_role("dialog").count() == 0
    finally:
        house.close()


def test_footage_is_added_and_a_run_shows_its_losses_as_they_come(
    house: PageHouse, open_page: Callable[[str], Page], clip: Path
) -> None:
    page = open_page(f"{house.url}/#/training")
    page.set_input_files("#footage", clip)
    expect(page.get_by_role("row", name="square.mp4")).to_be_visible()
    page.get_by_label("Name of the model").fill("my-model")
    page.get_by_label("Settings").fill("steps=40")
    page.get_by_role("button", name="Train").click()
    page.wait_for_url("**/#/jobs/**")
    expect(page.locator(".badge")).to_have_text("queued")
    expect(page.get_by_text("No losses yet.")).to_be_visible()

    settings = load_settings(data_dir=house.folder)
    finish_training(page, settings, page.url.rpartition("/")[2])

    expect(page.locator(".badge")).to_have_text("succeeded")
    picture = page.get_by_role("img", name="Reconstructions at step 40")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") == 320
    page.get_by_role("link", name="Model my-model").click()
    page.get_by_role("button", name="Use my-model from now on").click()
    expect(page.get_by_role("row", name="my-model in use")).to_be_visible()
    look(page, "training")
    page.get_by_role("button", name="Use default from now on").click()
    expect(page.get_by_role("row", name="default in use")).to_be_visible()


def finish_training(page: Page, settings: Settings, job_id: str) -> None:
    """Do what a training worker does, and look at the page meanwhile."""
    database = Database(settings.database_url)
    store, redis = ArtifactStore(settings.artifact_url), RedisAddress.from_settings(settings)
    client = redis.client()
    try:
        with database.session() as session:
            job = lifecycle.claim(session, job_id, "test", 3600)
        assert job is not None
        rows = [{"step": step, "loss": 4 / step, "accuracy": step / 60} for step in range(1, 41)]
        for row in rows[:20]:
            events.publish(client, job_id, "metrics", row)
        progress = {"phase": "training", "done": 20, "total": 40, "rate": 2.0}
        with database.session() as session:
            lifecycle.progress(session, job_id, job.attempt, **progress)  # type: ignore[arg-type]
        events.publish(client, job_id, "progress", {**progress, "eta_seconds": 10.0})
        expect(page.get_by_text("20 of 40 steps, 2.0 steps/s, 10 s left")).to_be_visible()
        expect(page.get_by_role("img", name="loss: 0.2 at step 20")).to_be_visible()
        look(page, "training-run")
        for row in rows[20:]:
            events.publish(client, job_id, "metrics", row)
        expect(page.get_by_role("img", name="loss: 0.1 at step 40")).to_be_visible()
        with store.open_write(f"jobs/{job_id}/run/pictures/000040.png") as file:
            Image.new("RGB", (320, 128), (90, 120, 150)).save(file, "PNG")
        with store.open_write(f"jobs/{job_id}/run/metrics.jsonl") as file:
            file.write("".join(json.dumps(row) + "\n" for row in rows).encode())
        with database.session() as session:
            registry.register(session, store, name="my-model", folder=PACKAGED, job_id=job_id)
            lifecycle.succeed(session, job_id, job.attempt, {"model": "my-model"}, "0" * 64)
            ended = lifecycle.get(session, job_id)
        assert ended is not None
        events.publish(client, job_id, "status", lifecycle.public(ended))
    finally:
        client.close()
        database.dispose()
