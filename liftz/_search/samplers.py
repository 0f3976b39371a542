"""A sampler for each trial, so that no trial is suggested twice by processes or calls that do not know each other."""

from __future__ import annotations

import copy
import warnings

import numpy as np
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import PartialFixedSampler, TPESampler

__all__ = ["TrialSamplers"]


class TrialSamplers:
    """Makes the sampler of a trial.

    Optuna's own way, one seeded sampler a process, would draw its first parameters again in every process and after
    every resume. The default sampler is instead made anew for each trial, with a seed of the trial's slot.

    Parameters
    ----------
    given : optuna.samplers.BaseSampler or None
        The user's. A copy of it is used; where it is not the first to sample for the study, reseeded.
    seed : int
        Of the default sampler.
    start : sequence of dict
        Parameters of the first slots.
    """

    def __init__(self, given, seed, start):
        self.given, self.seed, self.start = copy.deepcopy(given), seed, start
        self.begun = False

    def __call__(self, trial, slot):
        if self.given is None:
            sampler = TPESampler(seed=int(np.random.SeedSequence([self.seed, slot]).generate_state(1)[0]))
        else:
            sampler = self.given
            if not self.begun and trial.number > 0:
                sampler.reseed_rng()
        self.begun = True
        if slot >= len(self.start):
            return sampler
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            return PartialFixedSampler(dict(self.start[slot]), sampler)
