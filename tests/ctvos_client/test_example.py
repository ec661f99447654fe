"""The example that talks to a service."""

import subprocess
import sys
from pathlib import Path

from ctvos_core.results import mask_png_bytes, read_mask

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "use_service.py"


def test_a_video_is_segmented_with_a_service(
    url: str, clip: Path, mask: bytes, tmp_path: Path
) -> None:
    (tmp_path / "mask.png").write_bytes(mask)
    command = [sys.executable, EXAMPLE, url, clip, tmp_path / "mask.png", tmp_path / "masks"]

    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout

    assert "frames worth a look" in printed
    assert mask_png_bytes(read_mask(tmp_path / "masks" / "00000.png")) == mask
