"""Two processes over gloo against one with the joint batch."""

import os
import socket
from contextlib import nullcontext

import pytest
import torch
import torch.multiprocessing
from training_footage import FULL_SETTINGS

from ctvos_core.errors import InputError
from ctvos_core.training.footage.cache import FrameCache
from ctvos_core.training.run.batches import Batches
from ctvos_core.training.run.parallel import Workers, join_workers
from ctvos_core.training.run.trainer import Trainer
from ctvos_core.training.settings import configure

CPU = torch.device("cpu")


def take_step(cache_folder, workers):
    """Gradients, buffers and losses after one step."""
    config = configure(FULL_SETTINGS)
    trainer = Trainer(config, CPU, workers)
    # In bfloat16, rounding hides whether the gradients are the same.
    trainer.precision = nullcontext
    batches = Batches(FrameCache(cache_folder), config, CPU, workers)
    losses = trainer.train_step(next(batches.following(0)))
    gradients = {name: p.grad for name, p in trainer.network.named_parameters()}
    return gradients, dict(trainer.network.named_buffers()), losses


def work(rank, port, cache_folder, out):
    torch.set_num_threads(1)
    os.environ |= {
        "RANK": str(rank),
        "WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
    }
    torch.save(take_step(cache_folder, join_workers(CPU)), out / f"{rank}.pt")
    torch.distributed.destroy_process_group()


def test_two_processes_have_the_gradients_of_one_with_the_joint_batch(cache_folder, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    torch.multiprocessing.spawn(work, (port, cache_folder, tmp_path), nprocs=2)
    expected, buffers, losses = take_step(cache_folder, Workers())
    for rank in range(2):
        gradients, own_buffers, own_losses = torch.load(tmp_path / f"{rank}.pt")
        assert set(gradients) == set(expected)
        for name, gradient in gradients.items():
            error = (gradient - expected[name]).norm()
            assert error <= 1e-3 * expected[name].norm() + 1e-6, name
        assert own_losses.keys() == losses.keys()
        for name, loss in own_losses.items():
            assert loss.item() == pytest.approx(losses[name].item(), rel=1e-3), name
        for name, buffer in own_buffers.items():
            assert torch.allclose(buffer.float(), buffers[name].float(), atol=1e-4), name


def test_a_batch_is_shared_out_evenly():
    shares = [Workers(rank, 3).share(6) for rank in range(3)]
    assert [list(share) for share in shares] == [[0, 1], [2, 3], [4, 5]]
    with pytest.raises(InputError, match="expected a multiple of the 4 processes, got 6"):
        Workers(0, 4).share(6)
