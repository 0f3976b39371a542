"""Rivals from the literature, behind the lifter's API: other networks on the same clips, batches and schedule.

Written from the papers, with their dropout, and of sizes that two cores can train: the MLP has its paper's 1024 units,
convolutions have 256 channels unless their name tells of the paper's 1024, the transformer reads frames alone, in three
layers of 128. `tuned.py` searches for better ones. They see coordinates alone: bones, varied bodies and averaging are
the lifter's.
"""

from __future__ import annotations

from copy import copy

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.kernel_approximation import RBFSampler
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.nn import functional

from liftz import LSTMRegressor, make_lifter
from liftz.features import frame_features
from liftz.sequences import check_sequences, to_object_array
from liftz.tags import SequenceRegressorMixin


class Normalised(nn.Module):
    """Base: features normalised by training statistics; what only the LSTM knows is ignored."""

    def __init__(self, mean, scale, norms_stay=False, **of_the_lstm):
        super().__init__()
        self.norms_stay = norms_stay
        self.register_buffer("mean", torch.as_tensor(mean, dtype=torch.float32))
        self.register_buffer("scale", torch.as_tensor(scale, dtype=torch.float32))

    def normal(self, x):
        return ((x - self.mean) / self.scale).clamp(-5, 5)

    def train(self, mode=True):
        super().train(mode)
        for module in self.modules():
            if self.norms_stay and isinstance(module, nn.BatchNorm1d):
                module.eval()
        return self


class ResidualMLP(Normalised):
    """Single frames through two residual blocks of 1024 (J. Martinez et al., ICCV 2017)."""

    def __init__(self, mean, scale, n_outputs, hidden_size, dropout, **others):
        super().__init__(mean, scale, **others)
        def layer(n):
            return nn.Sequential(nn.Linear(n, hidden_size), nn.BatchNorm1d(hidden_size), nn.ReLU(), nn.Dropout(dropout))
        self.first = layer(len(mean))
        self.blocks = nn.ModuleList(nn.Sequential(layer(hidden_size), layer(hidden_size)) for _ in range(2))
        self.head = nn.Linear(hidden_size, n_outputs)

    def forward(self, x, lengths):
        # Padding must not enter the batch norm.
        inside = (torch.arange(x.shape[1])[None] < lengths[:, None]).to(x.device)
        h = self.first(self.normal(x)[inside])
        for block in self.blocks:
            h = h + block(h)
        out = x.new_zeros(*x.shape[:2], self.head.out_features)
        out[inside] = self.head(h)
        return out


class TemporalConvolution(Normalised):
    """Dilated convolutions over `3 ** n_layers` frames (D. Pavllo et al., CVPR 2019), the ends held."""

    n_layers = 3

    def __init__(self, mean, scale, n_outputs, hidden_size, dropout, **others):
        super().__init__(mean, scale, **others)
        def layer(n, kernel, dilation=1):
            return nn.Sequential(nn.Conv1d(n, hidden_size, kernel, dilation=dilation), nn.BatchNorm1d(hidden_size),
                                 nn.ReLU(), nn.Dropout(dropout))
        self.first = layer(len(mean), 3)
        self.dilations = [3**i for i in range(1, self.n_layers)]
        self.blocks = nn.ModuleList(nn.Sequential(layer(hidden_size, 3, d), layer(hidden_size, 1))
                                    for d in self.dilations)
        self.head = nn.Conv1d(hidden_size, n_outputs, 1)

    def forward(self, x, lengths):
        reach = 1 + sum(self.dilations)
        time = torch.arange(-reach, x.shape[1] + reach)[None].clamp(min=0).minimum(lengths[:, None] - 1).to(x.device)
        h = self.normal(x).gather(1, time[:, :, None].expand(-1, -1, x.shape[2])).transpose(1, 2)  # (B, F, T)
        h = self.first(h)
        for block, d in zip(self.blocks, self.dilations, strict=True):
            h = h[:, :, d:-d] + block(h)
        return self.head(h).transpose(1, 2)


class LongTemporalConvolution(TemporalConvolution):
    """The same over 81 frames."""

    n_layers = 4


class Transformer(Normalised):
    """A small pre-norm encoder over the clip's frames, as in PoseFormer (C. Zheng et al., ICCV 2021)."""

    def __init__(self, mean, scale, n_outputs, hidden_size, dropout, **others):
        super().__init__(mean, scale, **others)
        self.first = nn.Linear(len(mean), hidden_size)
        layer = nn.TransformerEncoderLayer(hidden_size, 4, 2 * hidden_size, dropout, batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
        self.head = nn.Linear(hidden_size, n_outputs)

    def forward(self, x, lengths):
        time = torch.arange(x.shape[1], device=x.device)
        h = self.first(self.normal(x))
        rates = torch.exp(-torch.arange(0, h.shape[2], 2, device=x.device) / h.shape[2] * np.log(1000.0))
        angles = time[:, None] * rates
        h = h + functional.pad(torch.cat([angles.sin(), angles.cos()], dim=1), (0, h.shape[2] - 2 * len(rates)))
        return self.head(self.encoder(h, src_key_padding_mask=time[None] >= lengths.to(x.device)[:, None]))


class Network(LSTMRegressor):
    """An `LSTMRegressor` around another module."""

    module: type[nn.Module]
    norms_stay = False
    pace = 1.0  # of adaptation: what its learning rate is multiplied by

    def make_net(self, dataset):
        return super().make_net(dataset).set_params(module=self.module, module__norms_stay=self.norms_stay)

    def adapt(self, X, y, *, lr=1e-3, **options):
        """As the LSTM's; batch norms keep the statistics of training, which a few clips of one person would spoil."""
        settled = copy(self)
        settled.norms_stay = True
        return super(Network, settled).adapt(X, y, lr=lr * self.pace, **options)


class ResidualMLPRegressor(Network):
    module = ResidualMLP
    pace = 0.1  # as the convolutions, not tried by itself


class TemporalConvolutionRegressor(Network):
    module = TemporalConvolution
    pace = 0.1  # on S01 better than 0.3, and 1 made it worse than it was


class LongTemporalConvolutionRegressor(TemporalConvolutionRegressor):
    module = LongTemporalConvolution


class TransformerRegressor(Network):
    module = Transformer


class FourierRidge(SequenceRegressorMixin, BaseEstimator):
    """Ridge on random Fourier features of single frames (A. Rahimi and B. Recht, 2007)."""

    def __init__(self, n_components=1500, alpha=1.0, every=3, random_state=None):
        self.n_components = n_components
        self.alpha = alpha
        self.every = every
        self.random_state = random_state

    def fit(self, X, y):
        X, y = check_sequences(X, y)
        frames = np.concatenate([frame_features(clip)[:: self.every] for clip in X])
        depths = np.concatenate([depth[:: self.every] for depth in y])
        known = ~np.isnan(depths).any(axis=1)
        fourier = RBFSampler(gamma=0.25 / frames.shape[1], n_components=self.n_components,
                             random_state=self.random_state)
        self.model_ = make_pipeline(StandardScaler(), fourier, Ridge(self.alpha)).fit(frames[known], depths[known])
        return self

    def predict(self, X):
        return to_object_array([self.model_.predict(frame_features(clip)).astype(np.float32)
                                for clip in check_sequences(X)])


OF_NETWORKS = {
    "residual MLP": {"lr": 1e-3, "hidden_size": 1024, "dropout": 0.5},
    "temporal convolution": {"lr": 1e-3, "hidden_size": 256, "dropout": 0.25},
    "transformer": {"lr": 7e-4, "hidden_size": 128, "dropout": 0.1},
}


def rivals(skeleton, seed, **parameters):
    """The rivals by name, in the lifter's Pipeline; parameters such as ``max_epochs`` are for the networks."""
    plain = {"n_nets": 1, "stride": 1, "n_batches": 1200, "velocity": 0.0, "random_state": seed} | parameters
    networks = {
        "residual MLP": ResidualMLPRegressor(**plain | OF_NETWORKS["residual MLP"]),
        "TCN, 27 frames": TemporalConvolutionRegressor(**plain | OF_NETWORKS["temporal convolution"]),
        "TCN, 27 frames, 1024 channels": TemporalConvolutionRegressor(
            **plain | OF_NETWORKS["temporal convolution"] | {"hidden_size": 1024}),
        "TCN, 81 frames": LongTemporalConvolutionRegressor(**plain | OF_NETWORKS["temporal convolution"]),
        "transformer": TransformerRegressor(**plain | OF_NETWORKS["transformer"]),
        "plain LSTM": LSTMRegressor(num_layers=2, **plain),
    }
    return {"Fourier ridge": make_lifter(skeleton, FourierRidge(random_state=seed)),
            **{name: make_lifter(skeleton, network) for name, network in networks.items()}}
