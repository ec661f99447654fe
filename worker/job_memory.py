"""Memory between jobs: recognised when it ran out, given back when a job is over."""

from __future__ import annotations

import ctypes
import ctypes.util
import gc
import re
import sys
from functools import cache

# Of PyTorch's allocator, of C++, and of oneDNN, which has no room for its code or its scratchpad;
# of an operation that it cannot do it says that it could not create a primitive *descriptor*.
_CPU_MEMORY = re.compile(
    "DefaultCPUAllocator|bad_alloc|could not (create|execute) a primitive(?! descriptor)"
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on a GPU or in the machine."""
    if isinstance(error, MemoryError):
        return True
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(error, torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and _CPU_MEMORY.search(str(error)) is not None


def release() -> None:
    """Give unused memory back to the GPU and to the machine."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
    if (trim := _malloc_trim()) is not None:
        trim(0)


def gpu_usage() -> tuple[int, int] | None:
    """Bytes in use and bytes in all of the GPU, once this process uses one."""
    torch = sys.modules.get("torch")
    if torch is None or not hasattr(torch, "cuda") or not torch.cuda.is_initialized():
        return None
    free, total = torch.cuda.mem_get_info()
    return total - free, total


@cache
def _malloc_trim() -> ctypes._NamedFuncPointer | None:
    # glibc keeps what was freed; other C libraries have no such call, and no such habit.
    name = ctypes.util.find_library("c")
    return getattr(ctypes.CDLL(name), "malloc_trim", None) if name else None
