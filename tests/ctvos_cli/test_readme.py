"""What the README shows works as it stands there."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ctvos_core.results import read_mask

REPOSITORY = Path(__file__).resolve().parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
FORMATS = (REPOSITORY / "docs" / "formats.md").read_text(encoding="utf-8")


def blocks(language: str, document: str = README) -> list[str]:
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", document, re.DOTALL | re.MULTILINE)
    return [content for kind, content in fenced if kind == language]


def commands(program: str, document: str = README) -> list[list[str]]:
    lines = "".join(blocks("", document)).splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    return [line for line in words if line and Path(line[0]).name == program]


def test_library_example(clip, mask, model, tmp_path):
    (code,) = blocks("python")
    assert code.count('"default"') == 1
    (tmp_path / "video.mp4").symlink_to(clip)
    (tmp_path / "mask.png").symlink_to(mask)
    code = code.replace('"default"', repr(str(model)))
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    assert len(list((tmp_path / "masks").iterdir())) == 12
    assert (read_mask(tmp_path / "masks" / "00000.png") == read_mask(mask)).all()


# The service starts where it is told to; its own tests start it.
ONCE_ONLY = [command for command in commands("ctvos") if command[1] != "serve"]
ONCE_ONLY += commands("ctvos", FORMATS)


@pytest.mark.parametrize("command", ONCE_ONLY, ids=" ".join)
def test_commands_exist_with_these_options(ctvos, command):
    """They get as far as looking for their input, which is not here."""
    result = ctvos(*command[1:])
    assert result.exit_code == 2
    assert "--help" not in result.stderr
    assert "expected" in result.stderr


def test_make_targets_exist():
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = [line[1] for line in commands("make")]
    assert targets == ["demo", "test"]
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
