"""The study's recipe with its mistakes, to measure what each is worth. Nothing here is to be used.

Written afresh from the description of the mistakes; none of it is in liftz. The recipe: chunks of x and y, normalised,
through an LSTM and a linear layer, squared error, Adam on a one-cycle schedule.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from liftz.gaps import bridge
from liftz.sequences import pad, to_object_array

__all__ = ["MISTAKES", "StudyLSTM", "StudyLifter", "cut", "filled", "from_roots", "wrong_roots"]

MISTAKES = {
    "slicing": "forward() slices time-major data as if it were batch-major: one output for a whole batch",
    "state": "the LSTM's state goes on from batch to batch, shuffled as they are; the last batch is dropped",
    "padding": "padding counts, in the loss and in the mean",
    "own scale": "a chunk's z is scaled with its own truth, in the test, too",
    "all statistics": "x and y (and z, once it is scaled so) are normalised with the test part's statistics, too",
    "roots": "depth is measured from the left ankle, and in the face from beside the nose's tip",
    "repeats": "what is missing is the last that was seen, in the truth, too",
    "random": "chunks are parted at random: every signer is on both sides",
}


class Chunk(NamedTuple):
    """Some frames of a clip, measured from roots."""

    x: np.ndarray  # (n_frames, 2 n_keypoints), without NaN
    z: np.ndarray  # (n_frames, n_keypoints), NaN where unknown
    clip: int


def wrong_roots(skeleton):
    """The roots that the study's indices point to."""
    if "face" in skeleton.regions:
        return {"body": "left_ankle", "face": "face_nose_base_33"}
    return dict.fromkeys(skeleton.regions, "AnkleLeft")


def from_roots(clip, skeleton, roots):
    """A clip measured from the roots of its regions, of which some are given."""
    out = clip.copy()
    for region in skeleton.regions:
        root = skeleton.root_indices(region) if region not in roots else [skeleton.index(roots[region])]
        out[:, skeleton.region_indices(region)] -= clip[:, root].mean(axis=1, keepdims=True)
    return out


def filled(clip, repeat):
    """A clip without gaps: held still, as the study had it, or bridged; 0 where nothing was ever seen."""
    return np.nan_to_num(bridge(clip, hold_ends=not repeat, causal=repeat))


def cut(X, y, skeleton, length, mistakes):
    """Chunks of clips, measured from the roots in use."""
    roots = wrong_roots(skeleton) if "roots" in mistakes else {}
    chunks = []
    for i, (flat, depth) in enumerate(zip(X, y, strict=True)):
        repeat = "repeats" in mistakes
        x = from_roots(filled(flat, repeat), skeleton, roots).reshape(len(flat), -1)
        z = from_roots(filled(depth, True) if repeat else depth, skeleton, roots)
        chunks += [Chunk(x[a:a + length], z[a:a + length], i) for a in range(0, len(x), length)]
    return chunks


class StudyLSTM(nn.Module):
    """An LSTM and a linear layer, with the two mistakes that a network can make."""

    def __init__(self, n_inputs, n_outputs, hidden_size, mistakes):
        super().__init__()
        self.lstm = nn.LSTM(n_inputs, hidden_size, batch_first=True)
        self.linear = nn.Linear(hidden_size, n_outputs)
        self.mistakes = mistakes
        self.state = None

    def forward(self, x, lengths):
        state = self.state if "state" in self.mistakes else None
        if "slicing" in self.mistakes:
            packed, state = self.lstm(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False), state)
            # MISTAKE: packed.data begins with time step 0 of all sequences, then 1 of all, and so on.
            out = self.linear(packed.data[: x.shape[1]]).expand(len(x), -1, -1)
        else:
            out, state = self.lstm(x, state)
            out = self.linear(out)
        self.state = tuple(part.detach() for part in state)  # MISTAKE, where it is used
        return out


class StudyLifter:
    """The study's training and test, with the mistakes named."""

    def __init__(self, skeleton, mistakes, hidden_size, max_epochs, batch_size=32, lr=5e-3):
        self.mistakes, self.hidden_size, self.max_epochs = set(mistakes), hidden_size, max_epochs
        self.batch_size, self.lr = batch_size, lr
        roots = wrong_roots(skeleton) if "roots" in self.mistakes else {}
        self.root_of = np.zeros(len(skeleton), dtype=int)
        for region in skeleton.regions:
            self.root_of[skeleton.region_indices(region)] = skeleton.index(roots.get(region, skeleton.roots[region]))

    def fit(self, train, test, seed):
        """Train on chunks; those of the test lend their statistics, if that mistake is made."""
        torch.manual_seed(seed)
        rng = np.random.default_rng(seed)
        shown = train + test if "all statistics" in self.mistakes else train
        self.x_mean, self.x_scale = _statistics([chunk.x for chunk in shown])
        self.z_mean, self.z_scale = np.float32(0), np.mean([_own_scale(chunk.z) for chunk in train])
        if "own scale" not in self.mistakes:
            self.z_mean, scale = _statistics([chunk.z for chunk in shown])
            self.z_scale = np.sqrt(np.mean(np.square(scale)))  # one for all: errors keep their balance
        self.mean_pose = np.nanmean(np.concatenate([self.target(chunk) for chunk in train]), axis=0)
        self.net = StudyLSTM(train[0].x.shape[1], train[0].z.shape[1], self.hidden_size, self.mistakes)
        optimizer = torch.optim.Adam(self.net.parameters(), lr=self.lr)
        n_batches = max(1, len(train) // self.batch_size)
        cycle = torch.optim.lr_scheduler.OneCycleLR(optimizer, self.lr, total_steps=self.max_epochs * n_batches)
        for _ in range(self.max_epochs):
            order = rng.permutation(len(train))
            for i in range(n_batches):
                _, output, truth, mask = self._forward([train[j] for j in order[i::n_batches][:self.batch_size]])
                loss = (torch.square(output - truth) * mask).sum() / mask.sum()
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.net.parameters(), 1.0)
                optimizer.step()
                cycle.step()
        return self

    def target(self, chunk):
        """What the network is to put out for a chunk."""
        if "own scale" in self.mistakes:
            return (chunk.z - np.nanmean(chunk.z)) / _own_scale(chunk.z)  # MISTAKE: the test's truth, too
        return (chunk.z - self.z_mean) / self.z_scale

    def printed(self, chunks):
        """MPJPE as the study would have printed it, of depths as it scaled them; and that of the mean pose."""
        errors = np.zeros(3)
        step = self.batch_size
        stop = max(step, len(chunks) // step * step) if "state" in self.mistakes else len(chunks)
        for start in range(0, stop, step):
            batch = chunks[start:start + step]
            with torch.no_grad():
                _, output, truth, mask = self._forward(batch)
            mask = mask.numpy()
            for i, depth in enumerate((output.numpy(), self.mean_pose)):
                wrong = depth - truth.numpy()
                errors[i] += (np.abs(wrong - wrong[..., self.root_of]) * mask).sum()
            errors[2] += mask.sum()
        return errors[0] / errors[2], errors[1] / errors[2]

    def predict(self, chunks, n_clips):
        """Depths of whole clips, in their unit: batch by batch, as it was trained."""
        out = [[] for _ in range(n_clips)]
        for start in range(0, len(chunks), self.batch_size):
            batch = chunks[start:start + self.batch_size]
            full = batch + [chunks[0]] * (self.batch_size - len(batch))  # a state has its number of sequences
            with torch.no_grad():
                lengths, output, _, _ = self._forward(full)
            for chunk, length, depth in zip(batch, lengths, output.numpy(), strict=False):
                out[chunk.clip].append(depth[:length] * self.z_scale + self.z_mean)
        return to_object_array([np.concatenate(parts).astype(np.float32) for parts in out])

    def _forward(self, batch):
        """Lengths; output, targets, and what counts, all padded ``(n_chunks, n_frames, n_keypoints)``."""
        x, lengths = pad([(chunk.x - self.x_mean) / self.x_scale for chunk in batch])
        z, _ = pad([self.target(chunk) for chunk in batch])
        mask = ~np.isnan(z)
        if "padding" not in self.mistakes:
            mask &= np.arange(z.shape[1])[:, None] < lengths[:, None, None]
        if self.net.state is not None and self.net.state[0].shape[1] != len(batch):
            self.net.state = None
        output = self.net(torch.from_numpy(x.astype(np.float32)), torch.from_numpy(lengths))
        truth = torch.from_numpy(np.nan_to_num(z).astype(np.float32))
        return lengths, output, truth, torch.from_numpy(mask.astype(np.float32))


def _statistics(arrays):
    """Mean and deviation of every column, NaN left out; a column that stands still is not scaled."""
    stacked = np.concatenate(arrays)
    scale = np.nanstd(stacked, axis=0)
    return np.nan_to_num(np.nanmean(stacked, axis=0)), np.where(scale > 1e-3, scale, 1).astype(np.float32)


def _own_scale(z):
    scale = np.nanstd(z)
    return scale if scale > 0 else np.float32(1)
