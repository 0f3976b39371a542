"""Every signer is predicted by models that never saw them, whatever the number of processes."""

import numpy as np
import pytest
from lifting_cases import SIGNER, TINY, assert_same, recordings
from sklearn.base import BaseEstimator, RegressorMixin

from liftz import MeanPose, make_lifter
from liftz.evaluation import predict_unseen, standard_models


class Witness(RegressorMixin, BaseEstimator):
    """Predicts how many clips it was fitted on, and refuses one that was among them."""

    def fit(self, X, y):
        self.clips_ = {clip.tobytes() for clip in X}
        return self

    def predict(self, X):
        assert not any(clip.tobytes() in self.clips_ for clip in X)
        return [np.full(clip.shape[:2], len(self.clips_), np.float32) for clip in X]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_no_signer_is_predicted_by_a_model_that_saw_them(n_jobs):
    X, y, signers = recordings()
    done = []
    found = predict_unseen({"a": Witness(), "b": MeanPose()}, X, y, signers, n_jobs=n_jobs,
                           done=lambda model, signer: done.append((model, signer)))
    assert sorted(done) == [(model, signer) for model in "ab" for signer in ("Ann", "Ben", "Cem")]
    for clip, counted, mean in zip(X, found["a"], found["b"], strict=True):
        assert counted.shape == mean.shape == clip.shape[:2]
        assert (counted == 4).all()  # of six clips, a signer has two
    ann = signers == "Ann"
    assert_same(found["b"][ann], MeanPose().fit(X[~ann], y[~ann]).predict(X[ann]))


def test_one_signer_or_too_few_labels_are_refused():
    X, y, _ = recordings()
    with pytest.raises(ValueError, match="two signers at least, got one: Ann"):
        predict_unseen({"mean": MeanPose()}, X, y, ["Ann"] * 6)
    with pytest.raises(ValueError, match=r"groups has shape \(5,\), expected the signer of each of 6 clips"):
        predict_unseen({"mean": MeanPose()}, X, y, ["Ann"] * 5)


def test_the_standard_models_stand_beside_the_lifter():
    models = standard_models(SIGNER, **TINY)
    assert list(models) == ["flat", "mean pose", "frame ridge", "lifter"]
    assert str(models["lifter"].get_params()) == str(make_lifter(SIGNER, **TINY).get_params())
    X, y, _ = recordings()
    for depth in models["flat"].fit(X, y).predict(X):
        assert not depth.any()
