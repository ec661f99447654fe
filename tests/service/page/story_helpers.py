"""What a person takes from the page."""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page


def download(page: Page, label: str) -> bytes:
    with page.expect_download() as started:
        page.get_by_role("button", name=label).click()
    return Path(started.value.path()).read_bytes()


def masks_of(page: Page) -> list[np.ndarray]:
    with zipfile.ZipFile(io.BytesIO(download(page, "Masks (zip)"))) as archive:
        names = sorted(archive.namelist())
        return [np.asarray(Image.open(io.BytesIO(archive.read(name)))) for name in names]
