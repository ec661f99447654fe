"""Single frames of stored videos, decoded some at a time and kept in memory for a while."""

import asyncio
import shutil
from collections import OrderedDict
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from ctvos_core.errors import InputError
from ctvos_jobs.store import ArtifactStore
from service.http.problems import Problem
from service.probe.prober import Prober
from service.upload.receive import upload_folder

_MOST_BYTES = 256 << 20
_MOST_COPIES = 4
_PIXELS_AT_ONCE = 50_000_000
_FRAMES_AT_ONCE = 24


def require_frame(frame: int, count: int) -> None:
    """Raise 404 unless a video of so many frames has this one."""
    if frame >= count:
        raise Problem(
            404, "frame_not_found", f"expected a frame from 0 to {count - 1}, got {frame}"
        )


class FrameCache:
    """JPEGs of frames, by the key of their video.

    A child process decodes the neighbours of a frame with it: most of the work is to start and to
    get there, and who steps through a video wants them next.

    Args:
        store: where the videos are.
        prober: runs the children.
        folder: on this machine; videos of a store elsewhere are copied into it.
    """

    def __init__(self, store: ArtifactStore, prober: Prober, folder: Path) -> None:
        self._store, self._prober, self._folder = store, prober, folder
        self._images: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._bytes = 0
        self._drawing: dict[tuple[str, int], asyncio.Task[dict[int, bytes]]] = {}
        self._copies: OrderedDict[str, Path] = OrderedDict()
        self._copying = asyncio.Lock()

    async def frame(self, key: str, index: int, pixels: int) -> bytes:
        """One frame as it is displayed, as JPEG.

        Args:
            key: of the video.
            index: 0 <= index < T.
            pixels: of a frame.

        Raises:
            FileNotFoundError: the video is not there any longer.
            InputError: the frame cannot be decoded.
        """
        found = self._images.get((key, index))
        if found is not None:
            self._images.move_to_end((key, index))
            return found
        at_once = max(1, min(_FRAMES_AT_ONCE, _PIXELS_AT_ONCE // pixels))
        start = index // at_once * at_once
        task = self._drawing.get((key, start))
        if task is None:
            task = asyncio.create_task(self._draw(key, start, start + at_once))
            self._drawing[key, start] = task
            task.add_done_callback(lambda _: self._drawing.pop((key, start)))
        # Shielded: others wait for the same frames, whoever goes away.
        return (await asyncio.shield(task))[index]

    async def _draw(self, key: str, start: int, stop: int) -> dict[int, bytes]:
        async with upload_folder(self._folder) as folder:
            video = await self._local(key)
            failure: InputError | None = None
            try:
                await self._prober.draw(folder, video, start, stop)
            except InputError as error:
                failure = error
            drawn = await run_in_threadpool(_read_images, folder)
        if failure is not None and not drawn:
            raise failure
        for index, image in drawn.items():
            self._keep((key, index), image)
        return _Drawn(drawn, failure)

    def _keep(self, place: tuple[str, int], image: bytes) -> None:
        self._bytes += len(image) - len(self._images.pop(place, b""))
        self._images[place] = image
        while self._bytes > _MOST_BYTES:
            self._bytes -= len(self._images.popitem(last=False)[1])

    async def _local(self, key: str) -> Path:
        here = self._store.local_path(key)
        if here is not None:
            if not here.is_file():
                raise FileNotFoundError(key)
            return here
        async with self._copying:
            if key not in self._copies or not self._copies[key].is_file():
                copy = self._folder / f"copy-{key.replace('/', '-')}" / "video"
                await run_in_threadpool(self._store.get_file, key, copy)
                self._copies[key] = copy
            self._copies.move_to_end(key)
            while len(self._copies) > _MOST_COPIES:
                shutil.rmtree(self._copies.popitem(last=False)[1].parent, ignore_errors=True)
            return self._copies[key]


class _Drawn(dict[int, bytes]):
    """Frames that were drawn, and why the others were not."""

    def __init__(self, images: dict[int, bytes], failure: InputError | None) -> None:
        super().__init__(images)
        self._failure = failure

    def __missing__(self, index: int) -> bytes:
        raise self._failure or InputError(
            "video_corrupt", f"frame {index} cannot be decoded: its data is damaged"
        )


def _read_images(folder: Path) -> dict[int, bytes]:
    return {int(path.stem): path.read_bytes() for path in folder.glob("*.jpg")}
