"""The network alone: exact on padded batches, in one direction and in two."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from lifting_cases import assert_clips_alone
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from liftz.modules import SequenceLSTM, reverse_within
from liftz.sequences import pad, to_object_array

N_INPUTS, N_OUTPUTS = 5, 3
VARIANTS = {
    "one-way": {"look_ahead": 0},
    "two-way": {},
    "residual": {"residual": True},
    "layer norm": {"layer_norm": True},
    "one layer": {"num_layers": 1},
    "three layers, one-way, all of it": {"num_layers": 3, "look_ahead": 0, "residual": True, "layer_norm": True},
}
lengths_of_batch = st.lists(st.integers(1, 12), min_size=1, max_size=5)


def network(module=SequenceLSTM, seed=0, **options):
    torch.manual_seed(seed)
    return module(torch.zeros(N_INPUTS), torch.ones(N_INPUTS), N_OUTPUTS, **({"hidden_size": 4} | options)).eval()


def features(lengths, seed=0):
    rng = np.random.default_rng(seed)
    return to_object_array([rng.normal(size=(n, N_INPUTS)).astype(np.float32) for n in lengths])


def run(net, clips, padding=0.0):
    """Outputs of clips as one padded batch, cut to their lengths."""
    batch, lengths = pad(clips, padding)
    with torch.no_grad():
        out = net(torch.from_numpy(batch), torch.from_numpy(lengths)).numpy()
    return to_object_array([row[:n] for row, n in zip(out, lengths, strict=True)])


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
def test_a_clip_is_alone_in_its_batch(options):
    assert_clips_alone(lambda clips: run(network(**options), clips), features([7, 12, 1, 12, 4]))


class TimeReadAsBatch(SequenceLSTM):
    """A mistake once published: an LSTM's time-major output, sliced as if its first axis were the batch.

    So the "clips" are the first time steps of all clips, and every clip gets the same of them.
    """

    def forward(self, x, lengths):
        n_clips, n_frames, _ = x.shape
        out = self.forwards[0](x)[0].transpose(0, 1)  # (T, B, H)
        clips = out[:n_clips].reshape(-1, out.shape[2])  # meant as (B, T, H)
        frames = clips[torch.arange(n_frames) % len(clips)]
        return self.head(frames.expand(n_clips, n_frames, -1))


def test_the_mistake_of_reading_time_as_batch_is_caught():
    net = network(TimeReadAsBatch, num_layers=1, look_ahead=0)
    clips = features([8, 8, 8])
    same = run(net, clips)
    assert abs(same[0] - same[1]).max() == abs(same[0] - same[2]).max() == 0.0
    with pytest.raises(AssertionError, match="alone or not"):
        assert_clips_alone(lambda clips: run(net, clips), clips)


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("padding", [1e3, np.nan])
def test_what_stands_in_the_padding_does_not_matter(options, padding):
    clips = features([3, 9, 6])
    net = network(**options)
    for a, b in zip(run(net, clips), run(net, clips, padding), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
def test_neither_gradients_nor_losses_depend_on_padding(options):
    def gradients(batch):
        net = network(**options)
        net.zero_grad()
        for clip in batch:
            x, lengths = map(torch.from_numpy, pad(clip))
            sum(out[:n].square().sum() for out, n in zip(net(x, lengths), lengths, strict=True)).backward()
        return [p.grad for p in net.parameters()]

    clips = features([3, 9, 6])
    together, apart = gradients([clips]), gradients([clips[:1], clips[1:2], clips[2:]])
    for a, b in zip(together, apart, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-5)


@given(lengths_of_batch, st.integers(1, 3))
def test_two_ways_equal_a_packed_two_way_lstm(lengths, num_layers):
    ours = network(num_layers=num_layers, dropout=0.0)
    theirs = nn.LSTM(N_INPUTS, 4, num_layers, batch_first=True, bidirectional=True)
    with torch.no_grad():
        for layer in range(num_layers):
            for suffix, lstm in (("", ours.forwards[layer]), ("_reverse", ours.backwards[layer])):
                for name, weights in lstm.named_parameters():  # such as weight_ih_l0
                    getattr(theirs, name.replace("l0", f"l{layer}") + suffix).copy_(weights)
    clips = features(lengths)
    x, n = map(torch.from_numpy, pad(clips))
    with torch.no_grad():
        packed = theirs(pack_padded_sequence(x, n, batch_first=True, enforce_sorted=False))[0]
        expected = ours.head(pad_packed_sequence(packed, batch_first=True)[0]).numpy()
    for found, row in zip(run(ours, clips), expected, strict=True):
        np.testing.assert_allclose(found, row[: len(found)], rtol=0, atol=1e-5)


@given(lengths_of_batch)
def test_reversing_twice_changes_nothing_and_once_each_clip_alone(lengths):
    clips = features(lengths)
    x, n = map(torch.from_numpy, pad(clips, np.inf))
    once = reverse_within(x, n)
    assert torch.equal(reverse_within(once, n), x)
    for row, clip in zip(once.numpy(), clips, strict=True):
        np.testing.assert_array_equal(row[: len(clip)], clip[::-1])
        assert np.isinf(row[len(clip):]).all()


def test_one_way_never_looks_ahead_and_two_ways_do():
    [clip] = clips = features([10])
    later = clip.copy()
    later[6:] += 1
    for look_ahead in (0, None):
        net = network(look_ahead=look_ahead)
        [before], [after] = run(net, clips), run(net, to_object_array([later]))
        assert np.array_equal(before[:6], after[:6]) is (look_ahead == 0)
        assert not np.allclose(before[6:], after[6:])


def test_inputs_are_normalised_and_cut():
    torch.manual_seed(0)
    mean, scale = torch.arange(5.0), torch.arange(1.0, 6.0)
    net = SequenceLSTM(mean, scale, N_OUTPUTS, hidden_size=4).eval()
    plain = network()
    plain.load_state_dict(net.state_dict() | {"mean": torch.zeros(5), "scale": torch.ones(5)})
    clips = features([4, 6])
    raw = to_object_array([clip * scale.numpy() + mean.numpy() for clip in clips])
    for a, b in zip(run(net, raw), run(plain, clips), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    shouting = to_object_array([np.where(np.arange(5) == 2, np.float32(1e6), clip) for clip in clips])
    at_limit = to_object_array([np.where(np.arange(5) == 2, np.float32(5), clip) for clip in clips])
    for a, b in zip(run(plain, shouting), run(plain, at_limit), strict=True):
        np.testing.assert_array_equal(a, b)


def test_residual_and_layer_norm_do_what_they_say():
    """Layers that put out nothing: what is left is the input of the second, or what a norm makes of nothing."""
    clips = features([6])
    plain, residual = network(look_ahead=0), network(look_ahead=0, residual=True)
    for net in (plain, residual):
        with torch.no_grad():
            for weights in net.forwards[1].parameters():
                weights.zero_()
    first = plain.forwards[0](torch.from_numpy(clips[0]))[0]
    np.testing.assert_allclose(run(residual, clips)[0], plain.head(first).detach().numpy(), atol=1e-6)
    np.testing.assert_allclose(run(plain, clips)[0], np.tile(plain.head.bias.detach().numpy(), (6, 1)), atol=1e-6)
    normed = network(layer_norm=True)
    with torch.no_grad():
        normed.norms[1].weight.zero_()
        normed.norms[1].bias.copy_(torch.arange(8.0))
    of_bias = normed.head(torch.arange(8.0)).detach().numpy()
    np.testing.assert_allclose(run(normed, clips)[0], np.tile(of_bias, (6, 1)), atol=1e-5)


def test_dropout_works_in_training_alone():
    clips = features([6])
    net = network(dropout=0.5)
    np.testing.assert_array_equal(run(net, clips)[0], run(net, clips)[0])
    net.train()
    assert not np.array_equal(run(net, clips)[0], run(net, clips)[0])


@pytest.mark.parametrize("options", [{"hidden_size": 7}, {"num_layers": 3}, {"look_ahead": 0}])
def test_its_size_is_what_was_asked_for(options):
    asked = {"hidden_size": 4, "num_layers": 2, "look_ahead": None} | options
    net = network(**options)
    assert len(net.forwards) == asked["num_layers"]
    assert len(net.backwards) == asked["num_layers"] * (asked["look_ahead"] is None)
    assert net.head.in_features == asked["hidden_size"] * (1 + (asked["look_ahead"] is None))
    assert run(net, features([4]))[0].shape == (4, N_OUTPUTS)
