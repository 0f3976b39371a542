"""`LSTMRegressor`: depth of keypoints from their motion, behind scikit-learn's API."""

from __future__ import annotations

from copy import copy
from functools import partial

import numpy as np
import torch
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from skorch.callbacks import EarlyStopping, GradientNormClipping, LRScheduler
from skorch.utils import noop
from torch.optim.lr_scheduler import OneCycleLR

from ._parameters import check_parameters
from ._ranges import check_number
from .calibration import ErrorModel
from .completion import Completion
from .features import bone_ends, frame_features, least_steps
from .losses import MaskedLoss
from .modules import PartLSTMs, SequenceLSTM
from .net import ClipDataset, ClipNet, feature_statistics, lift
from .parts import body_parts
from .phases import average_phases
from .preprocessing import ZNormalizer
from .sampling import LengthBuckets, every_fifth, hold_out_groups, leave_out, windows
from .sequences import check_groups, check_pair, check_sequences, check_targets, seen, to_object_array
from .sizes import BodySize, each_scaled, scaled
from .tags import SequenceRegressorMixin

__all__ = ["LSTMRegressor"]

SHAPE = ("hidden_size", "num_layers", "bottleneck", "look_ahead", "residual", "layer_norm", "n_bins")  # of a net
WAYS = 4  # in which keypoints that a clip never shows may be elsewhere
LEAST_SIGNERS = 4  # left out by nets, for their errors to tell of other signers


class LSTMRegressor(SequenceRegressorMixin, BaseEstimator):
    """Predict depths of keypoints, frame by frame, with LSTMs over the clip.

    Features and depths are normalised inside, by statistics of the training clips. Several nets are fitted, and
    their depths averaged. Where `fit` knows four signers or more, each net does without some of them, in turn: nets
    that differ more average better, and what they miss on those signers tells how far to trust them. Of clips and
    depths of theirs it sees nothing, but `augment` may borrow their mean postures, and keypoints that a clip never
    shows are put in by everybody's poses.

    Parameters
    ----------
    skeleton : Skeleton, optional
        Its bones add what their projected lengths tell of depth; x and y must have one unit
        then. Without it the network sees coordinates alone.
    n_nets : int, default=6
        How many nets to average. Every third one is trained on clips as they were recorded, without `augment`.
    hidden_size, num_layers : int, default=128, 1
        Units in each direction, and layers; of each part's, with `by_part`.
    bottleneck : int, optional
        A linear layer makes so many numbers of a frame's features, where there are more, before an LSTM sees them; of
        each part's, with `by_part`. Default: it sees them as they are.
    look_ahead : int, optional
        How many frames ahead a frame sees, rounded down to a multiple of `stride`; 0 makes prediction causal. Default:
        all.
    one_size : bool, default=False
        Whether the nets see everybody in one size, by what a clip shows of the bones, and their depths are scaled back
        (see `liftz.sizes.BodySize`). It takes a skeleton, and keypoints and depths relative to their roots. With a
        `look_ahead`, which leaves nobody's size to be known beforehand, clips stay as they are.
    by_part : bool, default=False
        Whether what the skeleton measures from a root of its own, such as a hand, is lifted by an LSTM of its own,
        which sees that part and the body: what is measured from the skeleton's root, unless by its `pairs` that is
        one side of another part. How large somebody is, all parts tell together. It takes a skeleton.
    dropout : float, default=0.2
        After each layer.
    residual, layer_norm : bool, default=False
        Each layer added to what went into it; each layer normalised.
    loss : {"l1", "mse", "huber"}, default="l1"
        Over the depths that are not NaN.
    velocity : float, default=0.5
        Weight of the same loss over the depths' change from frame to frame.
    along_bones : float, default=0.5
        Weight of the same loss over the depths' change from one end of each of the skeleton's bones to the other.
    bins : int, optional
        Depth as so many classes, whose probabilities are averaged. Default: depth as a number.
    augment : BodyAugmenter or alike, optional
        A copy of it is fitted on every fifth frame of the training clips, with their groups; then it makes a new clip
        and new depths of ``(clip, depth, rng, signer)``, for each clip in each epoch.
    lr : float, default=2e-3
        Highest learning rate of a one-cycle schedule (L. N. Smith and N. Topin, 2018).
    max_epochs : int, optional
        Passes over the training clips. Default: as many as make `n_batches`, or one.
    n_batches : int, default=1800
        Batches to train on, where `max_epochs` does not say.
    batch_size : int, default=32
        Windows at a time.
    window : int, default=300
        Clips are trained on in windows of at most so many frames; prediction sees them whole.
    stride : int, default=3
        The nets see every so many frames: every third one of 30 a second, which leaves time for more batches. Of 15 a
        second take every second or every one. Prediction lifts the frames in between likewise, and a frame's depths are
        a mean over all phases: see `liftz.phases`. With a `look_ahead` it is that of the last frame of each, which lags
        by ``(stride - 1) / 2`` frames.
    weight_decay : float, default=0.01
        Of AdamW (I. Loshchilov and F. Hutter, 2019).
    amsgrad : bool, default=False
        Its AMSGrad variant (S. J. Reddi et al., 2018).
    early_stopping : bool, default=False
        Whether to hold out some of the groups given to `fit` (signers) and keep the
        epoch that is best on them.
    validation_fraction : float, default=0.2
        Of the groups, with `early_stopping`.
    patience : int, default=5
        Epochs without a better one before stopping, with `early_stopping`.
    random_state : int, RandomState or None
        With a number, `fit` gives the same network again, in this process or another.
    device : str, default="cpu"
        Where torch computes, such as ``"cuda"``.
    n_jobs : int, optional
        Processes for the nets, as for joblib. The result is the same with any number of them.
    callbacks : list of skorch callbacks, optional
        More of them, for example to log or to prune; used as they are, not copied.
    verbose : int, default=0
        1 prints skorch's table, a line an epoch.

    Attributes
    ----------
    nets_ : list of skorch.NeuralNet
        The fitted nets; ``nets_[0].history`` has the losses, ``nets_[0].module_`` the network.
    targets_ : ZNormalizer
        What the nets' depths are normalised by.
    n_keypoints_in_, n_channels_in_ : int
    keypoints_seen_ : array of shape (n_keypoints,), of bool
        Which keypoints the training clips show.
    size_ : BodySize
        What tells a person's size; 1 for everybody where clips stay as they are.
    completion_ : Completion or None
        Where keypoints are put that a clip never shows; None where the lifter was saved before there was one.
    errors_ : ErrorModel or None
        What `predict` knows of its own errors; None without the groups that takes.

    Raises
    ------
    ValueError
        By `fit`, also for a keypoint that has no depth in any training clip, where
        `early_stopping` has no two groups to part, or where the loss leaves the finite numbers.

    Notes
    -----
    Missing keypoints come as NaN. The network sees them bridged over time, in training beside a channel that says which
    were seen; in prediction bridged ones count as seen. No NaN leaves `predict`. One that a clip never shows is put
    where training had it beside those that it shows (`liftz.completion`), and one that training never shows counts as
    missing ever after.

    With metadata routing, `groups` reach `fit` without a request: it asks for them by itself.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz import LSTMRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(t, 3, 2)) for t in (20, 30, 25)]
    >>> y = [clip.sum(axis=2) for clip in X]
    >>> lstm = LSTMRegressor(n_nets=1, hidden_size=8, max_epochs=2, random_state=0).fit(X, y)
    >>> [depth.shape for depth in lstm.predict(X)]
    [(20, 3), (30, 3), (25, 3)]
    """

    __metadata_request__fit = {"groups": True}

    def __init__(self, skeleton=None, *, n_nets=6, hidden_size=128, num_layers=1, bottleneck=None, look_ahead=None,
                 one_size=False, by_part=False, dropout=0.2, residual=False, layer_norm=False, loss="l1", velocity=0.5,
                 along_bones=0.5, bins=None, augment=None, lr=2e-3, max_epochs=None, n_batches=1800,
                 batch_size=32, window=300, stride=3, weight_decay=0.01, amsgrad=False, early_stopping=False,
                 validation_fraction=0.2, patience=5, random_state=None, device="cpu", n_jobs=None, callbacks=None,
                 verbose=0):
        self.skeleton = skeleton
        self.n_nets = n_nets
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bottleneck = bottleneck
        self.look_ahead = look_ahead
        self.one_size = one_size
        self.by_part = by_part
        self.dropout = dropout
        self.residual = residual
        self.layer_norm = layer_norm
        self.loss = loss
        self.velocity = velocity
        self.along_bones = along_bones
        self.bins = bins
        self.augment = augment
        self.lr = lr
        self.max_epochs = max_epochs
        self.n_batches = n_batches
        self.batch_size = batch_size
        self.window = window
        self.stride = stride
        self.weight_decay = weight_decay
        self.amsgrad = amsgrad
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.random_state = random_state
        self.device = device
        self.n_jobs = n_jobs
        self.callbacks = callbacks
        self.verbose = verbose

    def fit(self, X, y, groups=None):
        """Fit the nets.

        Parameters
        ----------
        X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``
        y : sequence of n_clips arrays ``(n_frames, n_keypoints)``
            Depths, best relative to a root; see `TransformedTarget`.
        groups : array of shape (n_clips,), optional
            Signers. `early_stopping` needs them, and so does `predict` for its standard deviations.

        Returns
        -------
        self
        """
        X, y = check_pair(X, y, self.skeleton)
        check_parameters(self)
        groups = check_groups(groups, len(X))
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=1 + self.n_nets)
        train, valid = np.arange(len(X)), None
        if self.early_stopping:
            train, valid = hold_out_groups(groups, len(X), self.validation_fraction, int(seeds[0]))
        check_targets(y[train], self.skeleton)
        self.__dict__.pop("nets_", None)  # a fit that fails from here on leaves nothing to predict with
        self.n_keypoints_in_, self.n_channels_in_ = X[0].shape[1:]
        self.keypoints_seen_ = np.any([seen(clip).any(axis=0) for clip in X[train]], axis=0)
        # Kept as they are now, for predict: parameters may be set to something else after a fit.
        bones = None if self.skeleton is None else bone_ends(self.skeleton)
        lengths = [stop - start for _, start, stop in windows([len(clip) for clip in X[train]], self.window)]
        self.features_ = partial(frame_features, bones=bones, causal=self.look_ahead is not None,
                                 unseen=~self.keypoints_seen_, span=-(-round(np.mean(lengths)) // self.stride))
        self.stride_ = self.stride
        self.parts_ = self._parts(bones) if self.by_part else []
        held_out = None if valid is None else (X[valid], y[valid])
        X, y = X[train], y[train]
        groups = None if groups is None else groups[train]
        self.size_ = BodySize(X, y, bones if self.one_size and self.look_ahead is None else None)
        tells = np.array([seen(clip).any(axis=0) & ~np.isnan(depth).all(axis=0)
                          for clip, depth in zip(X, y, strict=True)])
        self.completion_ = Completion(X, self.size_(X)[0])
        X = self._completed(X)
        held_out = held_out and (self._completed(held_out[0]), held_out[1])
        self.targets_ = ZNormalizer(per="all").fit(each_scaled(y, 1 / self.size_(X)[1]))
        held_out = held_out and self._dataset(*held_out)
        augment = self.augment
        if augment is not None:
            augment = clone(augment).fit(*self._sample(X, y, groups))
        known = leave_out(groups, tells, self.n_nets, np.random.default_rng(seeds[0]))
        nets = Parallel(self.n_jobs)(
            delayed(self._fit_net)(X[own], y[own], None if groups is None else groups[own], held_out,
                                   augment if i % 3 < 2 else None, int(seed))
            for i, (own, seed) in enumerate(zip(known, seeds[1:], strict=True)))
        self.errors_ = self._learn_errors(nets, X, y, groups, known)
        self.nets_ = nets
        return self

    def _fit_net(self, X, y, groups, held_out, augment, seed):
        dataset = self._dataset(X, y, augment=augment, groups=groups, rng=np.random.default_rng(seed))
        return self.make_net(dataset).learn(dataset, held_out, seed)

    def _learn_errors(self, nets, X, y, groups, known):
        parts = [(np.flatnonzero(~own), net) for own, net in zip(known, nets, strict=True) if not own.all()]
        if not parts or len(set(groups[~known.all(axis=0)].tolist())) < LEAST_SIGNERS:
            return None
        clips = np.concatenate([left for left, _ in parts])
        errors = np.concatenate([abs(y[left] - self._lift([net], X[left])) for left, net in parts])
        missed, errors, of_missed = self._sample(X[clips], errors, groups[clips])
        everybody, _, signers = self._sample(X, y, groups)
        return ErrorModel(missed, errors, of_missed, training=(everybody, signers))

    def _sample(self, X, y, groups):
        """Every fifth frame, in one size; and the groups of clips that have such a frame."""
        *parts, kept = every_fifth(X, y)
        X, y = (each_scaled(clips, 1 / sizes[kept]) for clips, sizes in zip(parts, self.size_(X), strict=True))
        return X, y, None if groups is None else groups[kept]

    def predict(self, X, return_std=False):
        """Depths of clips, in the unit of `y`.

        Parameters
        ----------
        X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``
        return_std : bool, default=False
            Whether to tell also how far off they may be.

        Returns
        -------
        depths : object array of shape (n_clips,), of ``(n_frames, n_keypoints)`` float32 arrays
        stds : likewise, only with `return_std`
            1.645 standard deviations to either side cover 90 % of the truth, on average over signers who were not
            in the training. As errors do, they grow with how far poses are from those of training. NaN for
            keypoints of which the truth of too few signers was known. Of a clip that never shows some keypoints, they
            take in how depths vary with where these may be. They see the whole clip, whatever `look_ahead` is.
        """
        check_is_fitted(self, "nets_")
        if return_std:
            self._check_knows_errors("return_std")
        X = check_sequences(X, n_keypoints=self.n_keypoints_in_, n_channels=self.n_channels_in_, skeleton=self.skeleton)
        whole = self._completed(X)
        depths = self._lift(self.nets_, whole)
        if not return_std:
            return depths
        sizes, sizes_of_depths = self.size_(whole)
        stds = to_object_array([self.errors_.std(*clip)
                                for clip in zip(each_scaled(whole, 1 / sizes), self.size_.unusual(sizes), strict=True)])
        stds = each_scaled(stds, sizes_of_depths)
        guessed = [i for i, (clip, given) in enumerate(zip(whole, X, strict=True)) if clip is not given]
        if guessed:
            variances = self._variances_of_guesses(X[guessed], depths[guessed])
            stds[guessed] = to_object_array([np.sqrt(std**2 + variance)
                                             for std, variance in zip(stds[guessed], variances, strict=True)])
        return depths, stds

    def novelty(self, X):
        """How unlike those of training a clip's poses are, as in another view, and how much larger errors are then.

        Standard deviations of `predict` have it in.

        Parameters
        ----------
        X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``

        Returns
        -------
        new : array of shape (n_clips,)
            How far mean poses are from those of training (`liftz.novelty.Novelty`), the median over frames, in units of
            what all but a hundredth of training are from those of its other signers. Above 1, a clip is unfamiliar.
            So it is where the person seems to be larger or smaller than anybody in training, by as much as that is.
            NaN where so little is shown that nothing can be compared, or the lifter was saved before it knew.
        growth : array of shape (n_clips,)
            How many times as large as usual errors are expected to be, by how they grew with that in training; 1 where
            they did not, NaN where `new` is.

        Raises
        ------
        ValueError
            If it does not know its errors, for too few nets or signers.
        """
        self._check_knows_errors("novelty")
        X = check_sequences(X, n_keypoints=self.n_keypoints_in_, n_channels=self.n_channels_in_, skeleton=self.skeleton)
        sizes = self.size_(X)[0]
        found = [self.errors_.novelty_of(*clip)
                 for clip in zip(each_scaled(X, 1 / sizes), self.size_.unusual(sizes), strict=True)]
        new, growth = np.reshape(found, (-1, 2)).T
        return new, growth

    def _check_knows_errors(self, what):
        check_is_fitted(self, "nets_")
        if self.errors_ is None:
            raise ValueError(f"{what} takes errors on four signers or more whom nets had not seen: fit needs four nets "
                             "at least, and groups of as many signers, none of whom alone tells of some keypoint")

    def _lift(self, nets, X):
        sizes = self.size_(X)
        depths = lift(nets, X, features=self.features_, stride=self.stride_, sizes=sizes,
                      least=least_steps(self.features_.keywords))
        return each_scaled(self.targets_.inverse_transform(self._average_phases(depths)), sizes[1])

    def _variances_of_guesses(self, X, depths):
        """How much depths vary with where keypoints may be that clips never show."""
        lifted = [self._lift(self.nets_, self._completed(X, way)) for way in range(2 * WAYS)]
        return [np.sum([np.square(there - depth) for there in of_clip], axis=0) / 2
                for depth, *of_clip in zip(depths, *lifted, strict=True)]

    def _completed(self, X, way=None):
        """Clips with keypoints put in that they never show."""
        if self.completion_ is None:
            return X
        out = X.copy()
        for i, size in enumerate(self.size_(X)[0]):
            clip = scaled(X[i], 1 / size)
            whole = self.completion_(clip, self.features_.keywords["causal"], way)
            if whole is not clip:
                out[i] = scaled(whole, size)
        return out

    def _average_phases(self, depths):
        """Depths of clips, of whose frames the nets read every so many."""
        causal = self.features_.keywords["causal"]
        return to_object_array([average_phases(depth, self.stride_, causal) for depth in depths])

    def adapt(self, X, y, *, lr=1e-3, max_epochs=20, batch_size=8, share=None):
        """Go on learning from a few clips of one person, and lift that person better.

        What a few clips teach is in part theirs alone, and weights between those of before and after often generalise
        better than either (M. Wortsman et al., Robust fine-tuning of zero-shot models, 2022). So the nets go a share of
        the way, the larger the more there is to learn from.

        Parameters
        ----------
        X : sequence of n_clips arrays ``(n_frames, n_keypoints, 2 or 3)``
        y : sequence of n_clips arrays ``(n_frames, n_keypoints)``
            As for `fit`.
        lr, max_epochs, batch_size : float, int, int
            As in the class's parameters, for these clips.
        share : float, optional
            How much of the way the nets go, from 0 to 1. Default: ``n / (n + 1)`` with `n` windows, of at most `window`
            frames: half with one short clip.

        Returns
        -------
        LSTMRegressor
            A new one; this one stays as it is. What it knows of its errors is still that of people not seen. Its nets'
            histories are of all of the way.
        """
        check_is_fitted(self, "nets_")
        X, y = check_pair(X, y, self.skeleton)
        X = self._completed(X)
        adapted, trainer = copy(self), copy(self)
        trainer.lr, trainer.max_epochs, trainer.batch_size, trainer.early_stopping = lr, max_epochs, batch_size, False
        check_parameters(trainer)
        if share is not None:
            check_number("share", share, "of at least 0 and at most 1")
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=len(self.nets_))
        adapted.nets_ = []
        for seed, net in zip(seeds, self.nets_, strict=True):
            dataset = trainer._dataset(X, y, rng=np.random.default_rng(seed))
            tuned = trainer.make_net(dataset)
            for name in SHAPE:
                was, now = (getattr(of_net, f"module__{name}", None) for of_net in (net, tuned))
                if was != now:
                    raise ValueError(f"adapt takes nets as they were fitted, with {name}={was!r}, which is {now!r} "
                                     f"now: set it back, or fit again")
            tuned.initialize().module_.load_state_dict(net.module_.state_dict())
            tuned.learn(dataset, None, int(seed))
            tuned.go_back_to(net, 1 / (1 + len(dataset)) if share is None else 1 - share)
            adapted.nets_.append(tuned)
        return adapted

    def make_net(self, dataset):
        """The skorch net for a training set; override this for another module or net."""
        mean, scale = feature_statistics(dataset)
        per_epoch = len(LengthBuckets(dataset.lengths, self.batch_size))
        max_epochs = int(self.max_epochs or -(-self.n_batches // per_epoch))
        callbacks = [
            ("clip_gradient", GradientNormClipping(1.0)),
            ("one_cycle", LRScheduler(OneCycleLR, step_every="batch", max_lr=self.lr,
                                      total_steps=max(2, max_epochs * per_epoch))),  # a cycle of one is its end
        ]
        if self.early_stopping:
            callbacks.append(("early_stopping", EarlyStopping(patience=self.patience, load_best=True, sink=noop)))
        module, parts = (PartLSTMs, {"module__parts": self.parts_}) if self.parts_ else (SequenceLSTM, {})
        return ClipNet(
            module, **parts, module__mean=mean, module__scale=scale, module__n_outputs=self.n_keypoints_in_,
            module__hidden_size=int(self.hidden_size), module__num_layers=int(self.num_layers),
            module__bottleneck=None if self.bottleneck is None else int(self.bottleneck),
            module__look_ahead=None if self.look_ahead is None else int(self.look_ahead) // self.stride_,
            module__dropout=self.dropout, module__residual=self.residual, module__layer_norm=self.layer_norm,
            module__n_bins=self.bins,
            criterion=MaskedLoss, criterion__kind=self.loss, criterion__velocity=self.velocity,
            criterion__along_bones=self.along_bones, criterion__bones=self.features_.keywords["bones"],
            optimizer=torch.optim.AdamW, optimizer__weight_decay=self.weight_decay, optimizer__amsgrad=self.amsgrad,
            lr=self.lr, max_epochs=max_epochs, batch_size=self.batch_size, train_split=None,
            callbacks=callbacks + list(self.callbacks or []), device=self.device, verbose=self.verbose,
        )

    def _parts(self, bones):
        return body_parts(self.skeleton, self.n_keypoints_in_, self.n_channels_in_, bones)

    def _dataset(self, X, y, **options):
        """Windows to learn from: a bone's longest is that of the window."""
        return ClipDataset(X, y, features=partial(self.features_, span=None), sizes=self.size_(X),
                           targets=self.targets_, window=self.window, stride=self.stride_, **options)
