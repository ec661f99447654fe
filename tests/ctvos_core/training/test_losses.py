import pytest
import torch
import torch.nn.functional as F
from training_footage import CLIP_SETTINGS, FULL_SETTINGS

from ctvos_core.network.ctvos import CTVOS
from ctvos_core.objective.reconstruction import cell_means
from ctvos_core.training.run.batches import Batches
from ctvos_core.training.run.losses import Losses, clip_losses, reconstruct, tagging_loss
from ctvos_core.training.run.parallel import Workers
from ctvos_core.training.settings import configure

CPU = torch.device("cpu")


def first_batch(cache, config):
    return next(Batches(cache, config, CPU, Workers()).following(0))


def make_network(config):
    torch.manual_seed(0)
    return CTVOS(config.trained_network)


@pytest.mark.parametrize("settings", [CLIP_SETTINGS, FULL_SETTINGS])
def test_reconstruction_attends_over_all_past_and_zoomed_views_at_once(cache, settings):
    """Against queries and keys one by one, a plain softmax and a plain sum."""
    config = configure(settings)
    network = make_network(config).eval()
    clips = first_batch(cache, config).clips
    found = reconstruct(network, clips)
    B, N, *_ = clips.images.shape
    attention = config.network.attention
    for b in range(B):
        query = network.encode_query(clips.images[b, -1:])
        keys = torch.cat([network.encode_key(clips.images[b, n : n + 1]) for n in range(N - 1)])
        past = clips.contents[b, :-1]
        values = torch.cat([network.encode_value(past), cell_means(past, 8)], 1)
        q, k, v = (x.permute(0, 2, 3, 1).flatten(0, 2) for x in (query.out, keys, values))
        if attention.cosine:
            q, k = F.normalize(q, dim=1), F.normalize(k, dim=1)
        attended = ((q @ k.T / attention.temperature).softmax(1) @ v).T.unflatten(
            1, query.out.shape[-2:]
        )
        image, tags = network.decode(attended[None, :-3], query, clips.images.shape[-2:])
        assert torch.allclose(found.copied[b], attended[-3:], atol=1e-5)
        assert torch.allclose(found.image[b], image[0], atol=1e-4)
        assert torch.allclose(found.tags[b], tags[0, 0], atol=1e-4)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ((), {"reconstruction", "tagging"}),
        (("objective.cutout=none",), {"reconstruction"}),
        (("objective.tagging=0",), {"reconstruction"}),
        (("objective.copy=0.5",), {"reconstruction", "tagging", "copy"}),
    ],
)
def test_losses_are_those_switched_on(cache, settings, names):
    config = configure([*CLIP_SETTINGS, *settings])
    batch = first_batch(cache, config)
    losses = Losses(make_network(config), config, Workers())(*batch)
    assert set(losses) == names
    assert all(loss.isfinite() for loss in losses.values())


def test_weights_multiply_losses(cache):
    config = configure([*CLIP_SETTINGS, "objective.copy=1"])
    changed = ["objective.copy=3", "objective.tagging=2", "objective.reconstruction=5"]
    heavier = configure([*CLIP_SETTINGS, *changed])
    batch = first_batch(cache, config)
    found = reconstruct(make_network(config), batch.clips)
    light, heavy = (clip_losses(found, *batch[::2], c, Workers()) for c in (config, heavier))
    for name, factor in {"copy": 3, "tagging": 2, "reconstruction": 5}.items():
        assert heavy[name].item() == pytest.approx(factor * light[name].item())


def tagging(tags, cutout, orders, *settings):
    objective = configure(["preset=paper", *settings]).objective
    return tagging_loss(tags, cutout, orders, objective, Workers()).item()


def test_tagging_is_the_sum_of_pull_and_push():
    tags = torch.rand(3, 8, 8)
    cutout, orders = torch.rand(3, 8, 8) < 0.3, torch.rand(2, 3, 8, 8)
    both, pull, push = (
        tagging(tags, cutout, orders, *switches)
        for switches in ((), ("objective.push=false",), ("objective.pull=false",))
    )
    assert both == pytest.approx(pull + push)
    entropy = F.binary_cross_entropy(tags, (~cutout).float()).item()
    other = tagging(tags, cutout, orders, "objective.cross_entropy=true")
    assert other == pytest.approx(entropy)


def test_a_group_of_tags_is_of_the_batch_or_of_one_clip():
    tags = torch.rand(3, 8, 8)
    cutout, orders = torch.rand(3, 8, 8) < 0.3, torch.rand(2, 3, 8, 8)
    cutout[0] = False

    def expected(inside, rest):
        pull = inside.var(correction=0) if len(inside) else torch.tensor(0.0)
        gap = (inside.mean() - rest.mean()).abs() if len(inside) else torch.tensor(0.5)
        return (pull + (0.5 - gap).clamp_min(0)).item()

    clips = [expected(t[c], t[~c]) for t, c in zip(tags, cutout, strict=True)]
    everything = "objective.tag_pixels=64"
    group = tagging(tags, cutout, orders, everything, "objective.tag_group=clip")
    assert group == pytest.approx(sum(clips) / 3)
    assert tagging(tags, cutout, orders, everything) == pytest.approx(
        expected(tags[cutout], tags[~cutout])
    )


def test_a_map_of_the_place_does_not_pass_for_tags_of_cutouts():
    """Bright above and dark below: as far apart as can be for each clip, alike for the batch."""
    tags = torch.zeros(2, 8, 8)
    tags[:, :4] = 1
    cutout = torch.zeros(2, 8, 8, dtype=torch.bool)
    cutout[0, :2, :2] = cutout[1, -2:, -2:] = True
    orders = torch.rand(2, 2, 8, 8)
    push = "objective.pull=false", "objective.tag_pixels=64"
    assert tagging(tags, cutout, orders, *push, "objective.tag_group=clip") == 0
    assert tagging(tags, cutout, orders, *push) == pytest.approx(0.5)
