import math

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ctvos_core.network.attention import (
    FullAttention,
    MemoryGroup,
    TiledAttention,
    prepare,
)
from ctvos_core.network.config import AttentionConfig


def reference(query, memory, top_k):
    """One query after another, one key after another, straight from the definition.

    Also returns by how much the best keys are at least better than the others.
    """
    B, _, h, w = query.shape
    V = memory[0].values.shape[2]
    out = torch.zeros(B, V, h, w, dtype=query.dtype)
    lead = math.inf
    for b in range(B):
        for y in range(h):
            for x in range(w):
                scored = []
                for keys, values, radius in memory:
                    for t in range(keys.shape[1]):
                        for j in range(h):
                            for i in range(w):
                                if radius is None or max(abs(j - y), abs(i - x)) <= radius:
                                    score = (query[b, :, y, x] * keys[b, t, :, j, i]).sum()
                                    scored.append((score.item(), values[b, t, :, j, i]))
                scored = sorted(scored, key=lambda s: -s[0])
                if top_k is not None and len(scored) > top_k:
                    lead = min(lead, scored[top_k - 1][0] - scored[top_k][0])
                scored = scored[:top_k]
                weights = torch.tensor([s for s, _ in scored]).softmax(0)
                out[b, :, y, x] = sum(wt * v for wt, (_, v) in zip(weights, scored, strict=True))
    return out, lead


def random_memory(generator, B, C, V, h, w, groups):
    def draw(*shape):
        return torch.randn(shape, generator=generator)

    return draw(B, C, h, w), [
        MemoryGroup(draw(B, T, C, h, w), draw(B, T, V, h, w), radius) for T, radius in groups
    ]


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    size=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    groups=st.lists(
        st.tuples(st.integers(1, 2), st.sampled_from([None, 0, 1, 3])), min_size=1, max_size=2
    ),
    top_k=st.sampled_from([None, 1, 4]),
    tile=st.integers(1, 7),
)
def test_full_and_tiled_attention_agree_with_the_definition(seed, size, groups, top_k, tile):
    generator = torch.Generator().manual_seed(seed)
    query, memory = random_memory(generator, 2, 4, 3, *size, groups)
    expected, lead = reference(query, memory, top_k)
    assume(lead > 1e-5)  # of two that are alike, rounding chooses
    assert torch.allclose(FullAttention(top_k)(query, memory), expected, atol=1e-4)
    assert torch.allclose(TiledAttention(top_k, tile)(query, memory), expected, atol=1e-4)


def test_both_have_the_same_gradients():
    query, memory = random_memory(torch.Generator().manual_seed(1), 1, 4, 2, 5, 6, [(2, 2)])
    gradients = []
    for attention in (FullAttention(), TiledAttention(tile=3)):
        q = query.clone().requires_grad_()
        attention(q, memory).square().sum().backward()
        gradients.append(q.grad)
    assert torch.allclose(*gradients, atol=1e-4)


def test_prepared_products_are_the_logits():
    generator = torch.Generator().manual_seed(3)
    q, k = (
        torch.randn(1, 8, 1, 1, generator=generator),
        torch.randn(1, 8, 1, 1, generator=generator),
    )
    cosine = AttentionConfig(temperature=0.07, cosine=True)
    dot = AttentionConfig(temperature=2.0, cosine=False)
    plain = (q * k).sum()
    logit = (prepare(q, cosine) * prepare(k, cosine)).sum()
    assert logit.item() == pytest.approx((plain / q.norm() / k.norm() / 0.07).item(), rel=1e-5)
    logit = (prepare(q, dot) * prepare(k, dot)).sum()
    assert logit.item() == pytest.approx(plain.item() / 2, rel=1e-5)


@pytest.mark.parametrize("attention", [FullAttention(), TiledAttention()])
def test_wrong_shapes_are_named(attention):
    query = torch.zeros(1, 4, 3, 3)
    with pytest.raises(ValueError, match="at least one group"):
        attention(query, [])
    wrong = MemoryGroup(torch.zeros(1, 2, 5, 3, 3), torch.zeros(1, 2, 1, 3, 3), None)
    with pytest.raises(
        ValueError, match=r"expected keys .*\(1, 2, 4, 3, 3\).* got \(1, 2, 5, 3, 3\)"
    ):
        attention(query, [wrong])
