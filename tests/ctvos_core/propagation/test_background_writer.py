"""Writes on a thread: in order, bounded, and never silently lost."""

import threading
from functools import partial

import pytest

from ctvos_core.propagation.background import BackgroundWriter


def test_everything_is_done_in_order_before_the_block_ends():
    done: list[int] = []
    with BackgroundWriter(waiting=2) as writer:
        for number in range(50):
            writer.put(partial(done.append, number))
    assert done == list(range(50))


def test_putting_waits_while_the_queue_is_full():
    go, put = threading.Event(), []

    def fill(writer: BackgroundWriter) -> None:
        for number in range(5):
            writer.put(go.wait)
            put.append(number)

    with BackgroundWriter(waiting=2) as writer:
        filler = threading.Thread(target=fill, args=(writer,))
        filler.start()
        filler.join(0.3)
        assert filler.is_alive()
        assert len(put) <= 3  # two wait and one is being done
        go.set()
        filler.join()


def fail() -> None:
    raise OSError("disk full")


def test_an_error_is_raised_at_the_end():
    with pytest.raises(OSError, match="disk full"), BackgroundWriter() as writer:
        writer.put(fail)


def test_an_error_stops_whoever_goes_on_putting():
    done: list[int] = []

    def work() -> None:
        with BackgroundWriter(waiting=1) as writer:
            writer.put(fail)
            for number in range(10_000):
                writer.put(partial(done.append, number))

    with pytest.raises(OSError, match="disk full"):
        work()
    assert done == []


def test_the_callers_own_error_is_the_one_seen_and_the_thread_ends():
    def work() -> None:
        with BackgroundWriter() as writer:
            writer.put(fail)
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        work()
    assert not any(thread.name == "ctvos-writer" for thread in threading.enumerate())
