"""Several processes that train one model, each on its share of every batch.

The gradients are those of one process with the whole batch: statistics of batch norms and the
negatives of contrastive learning are exchanged.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ctvos_core.errors import InputError


@dataclass(frozen=True)
class Workers:
    """The processes of a run."""

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def share(self, batch: int) -> range:
        """Which samples of a batch are this process's."""
        if batch % self.count:
            raise InputError(
                "batch_indivisible",
                f"batch: expected a multiple of the {self.count} processes, got {batch}",
            )
        part = batch // self.count
        return range(self.rank * part, (self.rank + 1) * part)

    def wait(self) -> None:
        """Until all processes are here."""
        if self.count > 1:
            dist.barrier()

    def leave(self) -> None:
        """Part from the others, at the end of the run."""
        if self.count > 1:
            dist.destroy_process_group()

    def gather(self, x: Tensor) -> Tensor:
        """(B, ...) of each to (count, B, ...) of all; gradients flow back to where x came from."""
        return _Gather.apply(x) if self.count > 1 else x[None]

    def total(self, x: Tensor) -> Tensor:
        """The sum over the processes; gradients are summed likewise."""
        return _Sum.apply(x) if self.count > 1 else x

    def others(self, x: Tensor) -> Tensor | None:
        """(B, ...) of each to what all the other processes have, one after the other."""
        if self.count == 1:
            return None
        everyone = self.gather(x)
        return torch.cat([everyone[: self.rank], everyone[self.rank + 1 :]]).flatten(0, 1)


def join_workers(device: torch.device) -> Workers:
    """Meet the other processes that `torchrun` started, if it did; safe to call again.

    Args:
        device: "cuda" or "cpu"; they talk by NCCL or by gloo.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return Workers()
    if not dist.is_initialized():
        dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return Workers(dist.get_rank(), dist.get_world_size())


def own_device(device: torch.device) -> torch.device:
    """This process's GPU, where `torchrun` started one process for each."""
    local = os.environ.get("LOCAL_RANK")
    return torch.device("cuda", int(local)) if local and device.type == "cuda" else device


def share_batch_norms(module: nn.Module, workers: Workers) -> None:
    """Make batch norms, in place, take their statistics over the batches of all processes.

    `torch.nn.SyncBatchNorm` does not run on CPUs.
    """
    if workers.count == 1:
        return
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            shared = _SharedBatchNorm(child.num_features, child.eps, child.momentum or 0.1)
            shared.load_state_dict(child.state_dict())
            setattr(module, name, shared.to(child.weight.device))
        else:
            share_batch_norms(child, workers)


class _SharedBatchNorm(nn.BatchNorm2d):
    """Statistics over all processes, in float32 as `nn.BatchNorm2d` has them."""

    def forward(self, x: Tensor) -> Tensor:
        if not self.training:
            return super().forward(x)
        values = x.float()
        count = values.new_tensor([x.numel() / x.shape[1]])
        own = torch.cat([values.sum((0, 2, 3)), values.square().sum((0, 2, 3)), count])
        total = _Sum.apply(own)
        count = total[-1].detach()
        mean, square = (total[:-1] / count).chunk(2)
        variance = (square - mean.square()).clamp_min(0)
        with torch.no_grad():
            assert self.running_mean is not None
            assert self.running_var is not None
            assert self.num_batches_tracked is not None
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum or 0.1)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum or 0.1)
        scale = self.weight * (variance + self.eps).rsqrt()
        shift = self.bias - mean * scale
        return (values * scale[:, None, None] + shift[:, None, None]).to(x.dtype)


class _Gather(torch.autograd.Function):
    """All processes' tensors; the gradient of one's own is the sum of all processes'."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        parts = [torch.empty_like(x) for _ in range(dist.get_world_size())]
        dist.all_gather(parts, x.contiguous())
        return torch.stack(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        return total[dist.get_rank()]


class _Sum(torch.autograd.Function):
    """The sum over processes; each of them used it, so their gradients add up."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.detach().clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        return total
