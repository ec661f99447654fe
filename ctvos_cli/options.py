"""Options that several commands share, and what they stand for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from ctvos_core.errors import InputError

if TYPE_CHECKING:
    from ctvos_core.network.ctvos import CTVOS
    from ctvos_core.propagation import PropagationConfig
    from ctvos_core.weights import ModelCard

ReadoutName = Literal["copy", "decoder", "blend"]

Out = Annotated[Path, typer.Option(help="Folder for the results; made if need be.")]
Model = Annotated[str, typer.Option(help="A packaged model's name, or a model folder.")]
Device = Annotated[str, typer.Option(help="auto (a GPU if there is one), cpu or cuda:N.")]
Readout = Annotated[
    ReadoutName | None,
    typer.Option(
        help="How masks are read from memory: copy, decoder, or the mean of both, which is the "
        "default for models that have a decoder."
    ),
]
Adapt = Annotated[
    bool,
    typer.Option("--adapt", help="First train the network on the video itself for a few steps."),
]


@contextmanager
def torch_required() -> Iterator[None]:
    """Around imports that need PyTorch: says in one line how to get it where it is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in ("torch", "torchvision", "safetensors"):
            raise
        raise InputError(
            "torch_missing",
            f'expected {error.name} to be installed, it is not: pip install "ctvos[torch]"',
        ) from error


def load(
    model: str, device: str, readout: ReadoutName | None
) -> tuple[CTVOS, ModelCard, PropagationConfig]:
    """The network, its card and the configuration that the options name.

    Raises:
        InputError: no PyTorch here, no such model or device, or they do not go together.
    """
    with torch_required():
        from ctvos_core.propagation import PropagationConfig, Propagator
        from ctvos_core.propagation.readouts import best_readout
        from ctvos_core.weights import load_with_card

    network, card = load_with_card(model)
    config = PropagationConfig(readout=readout or best_readout(network))
    Propagator(network, config, device)  # says so at once if these do not go together
    return network, card, config


def parse_names(given: list[str]) -> dict[int, str]:
    """The names of objects from `--name ID=NAME`, by id.

    Raises:
        InputError: `name_invalid`.
    """
    names: dict[int, str] = {}
    for text in given:
        number, _, name = text.partition("=")
        is_id = number.isascii() and number.isdecimal() and 1 <= int(number[:9]) <= 255
        if not is_id or not name.strip():
            raise InputError(
                "name_invalid",
                f"--name: expected ID=NAME, an id from 1 to 255 and a name, got {text!r}",
            )
        names[int(number)] = name.strip()
    return names
