import torch

from ctvos_core.propagation.labels import prune


def test_what_is_little_is_left_out_and_the_rest_sums_to_one():
    soft = torch.tensor([[0.7, 0.5], [0.28, 0.5], [0.02, 0.0]])
    pruned = prune(soft, 0.04)
    torch.testing.assert_close(
        pruned, torch.tensor([[0.7 / 0.98, 0.5], [0.28 / 0.98, 0.5], [0, 0]])
    )


def test_many_equal_slots_share_a_cell():
    for count in (26, 256):
        equal = torch.full((count, 2, 3), 1 / count)
        torch.testing.assert_close(prune(equal, 0.04), equal)
