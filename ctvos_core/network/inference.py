"""A network made ready to run: copied, batch norms folded away, in the device's precision."""

from __future__ import annotations

import copy
from itertools import pairwise

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ctvos_core.network.ctvos import CTVOS


def inference_copy(model: CTVOS, device: torch.device, dtype: torch.dtype) -> CTVOS:
    """A copy of `model` for inference, which leaves `model` as it was.

    Batch norms become part of the convolutions before them, which saves a sixth of the encoder's
    time on a CPU and changes nothing but rounding.
    """
    ready = copy.deepcopy(model).eval().requires_grad_(False)
    _fold_batch_norms(ready)
    ready.to(device, dtype)
    return ready.to(memory_format=torch.channels_last)


def _fold_batch_norms(module: nn.Module) -> None:
    # In torchvision's residual blocks and in our own, a batch norm that is registered right after a
    # convolution is also applied right after it.
    for (name, child), (next_name, following) in pairwise(module.named_children()):
        if isinstance(child, nn.Conv2d) and isinstance(following, nn.BatchNorm2d):
            setattr(module, name, fuse_conv_bn_eval(child, following))
            setattr(module, next_name, nn.Identity())
    for child in module.children():
        _fold_batch_norms(child)
