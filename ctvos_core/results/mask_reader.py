"""Mask images of people and programs, read as object ids, and how each was read."""

import io
import os
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ctvos_core.errors import InputError
from ctvos_core.results.mask_colours import has_soft_edges, is_black, is_white, pack, unpack
from ctvos_core.results.masks import LabelMap, davis_palette
from ctvos_core.video.images import IMAGE_ERRORS
from ctvos_core.video.info import MAX_PIXELS

Reading = Literal["indices", "gray values", "black and white", "colours"]
"""What object ids were taken from: the indices of a palette; gray values; white on black, or what
is opaque; or colours, one for each object."""

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_OTHER_KINDS = {
    b"\xff\xd8\xff": "JPEG (which changes ids)",
    b"RIFF": "WebP or other RIFF",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
}
_EXPECTED = "expected a PNG with one object id per pixel (indexed or grayscale) or one colour each"
_MOST_OBJECTS = 255
_FEW_LEVELS = 8
"""So few gray values without white are ids, however they lie."""
_NEARLY_CLEAR = 15
_WIDE = 257  # 65535 / 255


@dataclass(frozen=True, eq=False)
class MaskReading:
    """A mask, and how it was read.

    Attributes:
        labels: uint8 H x W, object ids.
        reading: what the ids were taken from.
        colours: if by colours that have no ids of their own, the colour 0xRRGGBB of each id in
            `labels`; ids are then 1, 2, ... in descending order of the colours.
    """

    labels: LabelMap
    reading: Reading
    colours: dict[int, int] = field(default_factory=dict)

    @property
    def object_ids(self) -> tuple[int, ...]:
        """The ids in it, ascending."""
        return tuple(int(i) for i in np.flatnonzero(np.bincount(self.labels.ravel())) if i)

    def told(self) -> str:
        """How it was read, in words for a user."""
        ids = self.object_ids
        which = ", ".join(self._shown(i) for i in ids[:6]) + (", ..." if len(ids) > 6 else "")
        count = "1 object" if len(ids) == 1 else f"{len(ids)} objects"
        return f"read by its {self.reading}: {count} ({which})".replace("its black", "black")

    def _shown(self, i: int) -> str:
        return f"{i} = #{self.colours[i]:06x}" if i in self.colours else str(i)


def read_mask(
    path: str | os.PathLike[str],
    expected_size: tuple[int, int] | None = None,
    *,
    allow_empty: bool = False,
) -> LabelMap:
    """The label map of `read_mask_image`: uint8 H x W."""
    return read_mask_image(path, expected_size, allow_empty=allow_empty).labels


def read_mask_image(
    path: str | os.PathLike[str],
    expected_size: tuple[int, int] | None = None,
    *,
    allow_empty: bool = False,
) -> MaskReading:
    """Read object ids from a PNG of any bit depth and kind.

    - Indices of a palette are ids as they stand, unless the palette has black in use elsewhere
      than at 0: such an index comes from a program that sorted colours, and colours say which is
      which.
    - Gray values are ids, except that an image with no other value than black and the depth's
      white (255 in 8 bits) is one object, id 1. 8-bit ids stretched to 16 bits are taken back.
    - Of colours each is an object and black the background; white is, where there is no black.
      Colours of DAVIS have the ids that DAVIS gives them. Where a PNG has transparent pixels, those
      are the background, too.

    Args:
        path: the PNG.
        expected_size: (width, height) of the video as displayed, to be checked.
        allow_empty: take a mask without objects, as annotations have where they are out of sight.

    Returns:
        The label map, with at least one object unless `allow_empty`, and how it was read.

    Raises:
        InputError: with code `file_not_found`, `mask_unreadable`, `mask_not_png`,
            `mask_not_indexed` (colours without a background, half transparent), `mask_antialiased`,
            `mask_id_too_large`, `mask_empty`, `mask_size_mismatch` or `mask_too_large`.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError("file_not_found", f"{path}: mask cannot be opened: {reason}") from error
    size, depth = _png_header(path, data)
    if size[0] * size[1] > MAX_PIXELS:
        raise InputError(
            "mask_too_large",
            f"{path}: expected a mask of at most {MAX_PIXELS} pixels, got {size[0]}x{size[1]}",
        )
    if expected_size is not None and size != tuple(expected_size):
        raise InputError("mask_size_mismatch", _size_message(path, size, expected_size))
    found = _read(path, _decoded(path, data), depth)
    if not allow_empty and not found.labels.any():
        raise InputError(
            "mask_empty", f"{path}: expected at least one object, got background (0) everywhere"
        )
    return found


def _png_header(path: Path, data: bytes) -> tuple[tuple[int, int], int]:
    """Size and bit depth."""
    if not data.startswith(_PNG_MAGIC):
        for magic, kind in _OTHER_KINDS.items():
            if data.startswith(magic):
                raise InputError("mask_not_png", f"{path}: {_EXPECTED}, got {kind}")
        came = "something that is not an image" if data else "an empty file"
        raise InputError("mask_unreadable", f"{path}: {_EXPECTED}, got {came}")
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise InputError("mask_unreadable", f"{path}: {_EXPECTED}, got a damaged PNG")
    size = int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    return size, data[24]


def _decoded(path: Path, data: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            image.load()
    except (*IMAGE_ERRORS, zlib.error, IndexError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "mask_unreadable", f"{path}: {_EXPECTED}, got a damaged PNG: {error}"
        ) from error
    return image


def _read(path: Path, image: Image.Image, depth: int) -> MaskReading:
    if image.mode == "P":
        return _by_palette(path, image)
    if image.mode in ("LA", "RGBA"):
        return _by_colours(path, np.asarray(image.convert("RGBA")), image.mode)
    if image.mode == "RGB":
        return _by_colours(path, np.asarray(image), image.mode)
    values = np.asarray(image).astype(np.uint16)
    if depth in (2, 4):
        values //= 255 // (2**depth - 1)  # Pillow spreads few levels over 0..255
    return _by_gray(path, values, 2**depth - 1)


def _by_gray(path: Path, values: NDArray[np.uint16], white: int) -> MaskReading:
    found = np.flatnonzero(np.bincount(values.ravel()))
    if found[found > 0].tolist() == [white]:
        return MaskReading((values > 0).astype(np.uint8), "black and white")
    if white > 255 and found[-1] > 255 and not (found % _WIDE).any():
        return _by_gray(path, values // _WIDE, 255)
    doubtful = len(found) > _FEW_LEVELS + 1 or (white >= 255 and white in found)
    if doubtful and (len(found) > _MOST_OBJECTS + 1 or _is_soft_gray(values, found)):
        raise _soft(path, f"{len(found)} gray values from {found[0]} to {found[-1]}")
    if found[-1] > 255:
        raise InputError(
            "mask_id_too_large", f"{path}: expected object ids 1 to 255, got {found[-1]}"
        )
    return MaskReading(values.astype(np.uint8), "gray values")


def _is_soft_gray(values: NDArray[np.uint16], found: NDArray[Any]) -> bool:
    levels = np.searchsorted(found, values).astype(np.uint8)
    grays = np.linspace(0, 255, len(found)) if found[-1] > 255 else found
    return has_soft_edges(levels, np.repeat(grays[:, None], 3, 1).astype(np.uint8))


def _by_palette(path: Path, image: Image.Image) -> MaskReading:
    indices = np.asarray(image)
    used = np.flatnonzero(np.bincount(indices.ravel()))
    palette = np.zeros((256, 3), np.uint8)
    stored = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)[:256]
    palette[: len(stored)] = stored
    colours = palette[used]
    if np.array_equal(colours, davis_palette()[used]):
        return MaskReading(indices, "indices")
    ramp = np.repeat(used[:, None], 3, 1)
    if np.array_equal(colours, ramp) and len(used) > 1:
        return _by_gray(path, indices.astype(np.uint16), 255)
    if not is_black(palette[:1])[0] and is_black(colours[used > 0]).any():
        return _by_colours(path, palette[indices], "a palette of")
    if has_soft_edges(np.searchsorted(used, indices).astype(np.uint8), colours):
        raise _soft(path, f"{len(used)} indices whose colours are mixtures of each other")
    return MaskReading(indices, "indices")


def _by_colours(path: Path, pixels: NDArray[np.uint8], kind: str) -> MaskReading:
    """Ids of colours: uint8 H x W x 3, or x 4 with alpha."""
    packed = pack(pixels)
    clear = np.zeros(packed.shape, bool)
    if pixels.shape[2] == 4:
        alpha = pixels[..., 3]
        if ((alpha > _NEARLY_CLEAR) & (alpha < 255 - _NEARLY_CLEAR)).any():
            raise InputError(
                "mask_not_indexed",
                f"{path}: {_EXPECTED}, got {kind} colours that are half transparent",
            )
        clear = alpha <= _NEARLY_CLEAR
    if clear.any() and len(np.unique(packed[~clear])) == 1:
        return MaskReading((~clear).astype(np.uint8), "black and white")
    packed[clear] = 0
    numbers = np.unique(packed)
    colours = unpack(numbers)
    background = is_black(colours)
    if not background.any() and len(numbers) > 1:
        background = is_white(colours)
    if not background.any():
        raise InputError(
            "mask_not_indexed",
            f"{path}: {_EXPECTED} on black, got {kind} colours without black or white",
        )
    if len(numbers) > _MOST_OBJECTS + 1:
        raise _soft(path, f"{len(numbers)} colours")
    if has_soft_edges(np.searchsorted(numbers, packed).astype(np.uint8), colours):
        raise _soft(path, f"{len(numbers)} colours that are mixtures of each other")
    objects = numbers[~background][::-1].tolist()
    if all(is_white(unpack([number]))[0] for number in objects):
        return MaskReading(np.isin(packed, objects).astype(np.uint8), "black and white")
    ids = _davis_ids(objects) or {number: i for i, number in enumerate(objects, 1)}
    labels = np.zeros(packed.shape, np.uint8)
    for number, i in ids.items():
        labels[packed == number] = i
    own = {} if _davis_ids(objects) else {i: number for number, i in ids.items()}
    return MaskReading(labels, "colours", own)


def _davis_ids(colours: list[int]) -> dict[int, int]:
    """The ids that DAVIS gives to colours; empty unless it knows all of them."""
    known = {number: i for i, number in enumerate(pack(davis_palette()[None])[0].tolist())}
    return {c: known[c] for c in colours} if all(c in known for c in colours) else {}


def with_shared_colours(readings: list[MaskReading]) -> list[MaskReading]:
    """Masks of one video, in which a colour has the same id in each.

    Raises:
        InputError: `mask_antialiased`, more than 255 colours in all.
    """
    colours = sorted({c for found in readings for c in found.colours.values()}, reverse=True)
    if len(colours) > _MOST_OBJECTS:
        raise InputError(
            "mask_antialiased",
            f"masks: expected at most {_MOST_OBJECTS} colours in all, got {len(colours)}",
        )
    ids = {colour: i for i, colour in enumerate(colours, 1)}
    shared = []
    for found in readings:
        table = np.arange(256, dtype=np.uint8)
        for i, colour in found.colours.items():
            table[i] = ids[colour]
        named = {ids[colour]: colour for colour in found.colours.values()}
        labels = table[found.labels] if named else found.labels
        shared.append(replace(found, labels=labels, colours=named))
    return shared


def _soft(path: Path, got: str) -> InputError:
    return InputError(
        "mask_antialiased",
        f"{path}: {_EXPECTED}, got {got}: soft edges make new ids; save the mask without "
        "anti-aliasing, or as an indexed PNG",
    )


def _size_message(path: Path, got: tuple[int, int], expected: tuple[int, int]) -> str:
    message = (
        f"{path}: expected a mask as large as the video is displayed, {expected[0]}x{expected[1]}, "
        f"got {got[0]}x{got[1]}"
    )
    if got == (expected[1], expected[0]):
        message += " (width and height swapped: is the mask or the video turned by 90 degrees?)"
    return message
