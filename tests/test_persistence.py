"""What `save` wrote, `load` makes again, to the last bit; what anything else wrote, it refuses."""

import hashlib
import json
import pickle
from functools import partial

import numpy as np
import pytest
import safetensors.numpy
import torch
from lifting_cases import ESTIMATORS, SIGNER, assert_same, output, recordings, tiny_lifter, tiny_lstm
from sklearn import clone
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from skorch.callbacks import EpochTimer

from liftz import BodyAugmenter, Flat, FrameRidge, MeanPose, RootCenterer, Skeleton, TransformedTarget, make_lifter
from liftz._files import FileFormatError
from liftz.calibration import ErrorModel
from liftz.completion import Completion
from liftz.net import ClipNet
from liftz.novelty import Novelty
from liftz.persistence import BLANK, load, read_facts, save
from liftz.sizes import BodySize

X, Y, SIGNERS = recordings(lengths=(9, 14, 5, 14, 7, 11, 9, 8))
SIGNERS = np.array(["Ann", "Ben", "Cem", "Dia"] * 2)
ODD = Skeleton("odd 'quoted' \u2764", ["a b", "\u00e9", '"', "d", "e", "f"], root=("a b", "d"), edges=[["d", "e"]],
               regions={"one": ["a b", "\u00e9", '"', "d"], "two": ["e", "f"]}, roots={"two": "f"}, pairs=[["e", "f"]])


def round_trip(estimator, path, **options):
    save(estimator, path / "model.liftz", **options)
    return load(path / "model.liftz")


def assert_alike(one, other):
    """Both have the same parameters and the same attributes, those of estimators within them too."""
    assert type(one) is type(other)
    if isinstance(one, (list, tuple)):
        assert len(one) == len(other)
        for pair in zip(one, other, strict=True):
            assert_alike(*pair)
    elif isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype
    elif isinstance(one, ClipNet):
        weights = other.module_.state_dict()
        assert weights.keys() == one.module_.state_dict().keys()
        assert all(torch.equal(weights[name], values) for name, values in one.module_.state_dict().items())
    elif isinstance(one, (BaseEstimator, BodySize, Completion, ErrorModel, Novelty)):
        assert vars(one).keys() == vars(other).keys()
        for name, value in vars(one).items():
            assert_alike(value, getattr(other, name))
    elif isinstance(one, partial):
        assert_alike(list(one.keywords.items()), list(other.keywords.items()))
    else:
        assert one == other


@pytest.mark.parametrize("name", list(ESTIMATORS))
def test_every_estimator_comes_back(name, tmp_path):
    estimator = clone(ESTIMATORS[name])
    estimator.fit(X, Y)
    loaded = round_trip(estimator, tmp_path)
    assert_same(output(loaded, X), output(estimator, X))
    assert_alike(loaded, estimator)


CASES = {
    "defaults": {},
    "a look-ahead": {"look_ahead": 2, "stride": 2},
    "bins": {"bins": 5},
    "layers": {"num_layers": 3, "residual": True, "layer_norm": True},
    "early stopping": {"early_stopping": True, "max_epochs": 4},
    "no augmentation": {"augment": None},
    "some keypoints": {"select": ("hand", "hip"), "n_nets": 4},
    "intervals": {"n_nets": 4},
    "numpy's numbers": {"hidden_size": np.int64(5), "dropout": np.float32(0.25), "num_layers": np.int32(2)},
}


@pytest.mark.parametrize("name", list(CASES))
@pytest.mark.parametrize("n_channels", [2, 3])
def test_lifters_come_back_with_all_they_know(name, n_channels, tmp_path):
    clips, depths, _ = recordings(n_channels, lengths=(9, 14, 5, 14, 7, 11, 9, 8))
    lifter = tiny_lifter(**CASES[name]).fit(clips, depths, SIGNERS)
    loaded = round_trip(lifter, tmp_path)
    if name != "numpy's numbers":  # which come back as Python's
        assert_alike(loaded, lifter)
    if "n_nets" in CASES[name]:
        for found, expected in zip(loaded.predict(clips, return_std=True), lifter.predict(clips, return_std=True),
                                   strict=True):
            assert_same(found, expected)
    assert_same(loaded.predict(clips), lifter.predict(clips))
    assert_same(loaded.adapt(clips, depths, max_epochs=1).predict(clips),
                lifter.adapt(clips, depths, max_epochs=1).predict(clips))
    assert_same(clone(loaded).fit(clips, depths, SIGNERS).predict(clips), lifter.predict(clips))


def test_an_adapted_lifter_comes_back_and_so_does_one_that_came_back(tmp_path):
    adapted = tiny_lifter().fit(X, Y).adapt(X[:2], Y[:2], max_epochs=2)
    loaded = round_trip(round_trip(adapted, tmp_path), tmp_path)
    assert_same(loaded.predict(X), adapted.predict(X))


@pytest.mark.parametrize("regressor", [None, FrameRidge(alpha=3), MeanPose(), Flat()])
def test_a_skeleton_of_ones_own_comes_back(regressor, tmp_path):
    lifter = make_lifter(ODD, regressor, **({"n_nets": 1, "max_epochs": 1} if regressor is None else {})).fit(X, Y)
    loaded = round_trip(lifter, tmp_path)
    assert loaded[0].skeleton == ODD
    assert_same(loaded.predict(X), lifter.predict(X))


def test_what_was_trained_elsewhere_loads_on_the_cpu(tmp_path):
    lstm = tiny_lstm().fit(X, Y)
    lstm.device = "cuda"
    loaded = round_trip(lstm, tmp_path)
    assert (loaded.device, loaded.nets_[0].device) == ("cpu", "cpu")
    assert_same(loaded.predict(X), lstm.predict(X))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="takes a GPU")
def test_what_was_trained_on_a_gpu_loads_on_the_cpu_and_back(tmp_path):
    lifter = tiny_lifter(device="cuda").fit(X, Y)
    save(lifter, tmp_path / "gpu.liftz")
    assert_same(load(tmp_path / "gpu.liftz").predict(X), lifter.predict(X), atol=1e-2)
    assert_same(load(tmp_path / "gpu.liftz", device="cuda").predict(X), lifter.predict(X))


def test_histories_come_back_without_batches(tmp_path):
    lstm = tiny_lstm(max_epochs=3).fit(X, Y)
    history = round_trip(lstm, tmp_path).nets_[0].history
    assert history[:, "train_loss"] == lstm.nets_[0].history[:, "train_loss"]
    assert history[-1, "batches"] == []


def test_loading_draws_no_random_numbers(tmp_path):
    lstm = tiny_lstm().fit(X, Y)
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    round_trip(lstm, tmp_path)
    assert torch.equal(torch.rand(2), expected)


def test_facts_come_back_and_none_are_no_facts(tmp_path):
    facts = {"fps": 29.97, "units": "mm", "size": [1920, 1080], "more": {"y_up": False, "none": None, "name": "\u00fc"}}
    round_trip(Flat().fit(X, Y), tmp_path, facts=facts)
    assert read_facts(tmp_path / "model.liftz") == facts
    round_trip(Flat().fit(X, Y), tmp_path)
    assert read_facts(tmp_path / "model.liftz") == {}


@pytest.mark.parametrize("facts", [{"a": float("nan")}, {1: 2}, {"a": {1, 2}}, {"a": (1, 2)}, ["fps"], "fps",
                                   {"a": np.float32(1)}])
def test_facts_that_json_cannot_say_are_refused(facts, tmp_path):
    with pytest.raises(TypeError, match="facts must be"):
        save(Flat().fit(X, Y), tmp_path / "model.liftz", facts=facts)
    assert list(tmp_path.iterdir()) == []


class OwnRidge(FrameRidge):
    pass


class Shift:
    def __call__(self, clip, depth, rng, signer):
        return clip, depth

    def fit(self, X, y, groups=None):
        return self

    def get_params(self, deep=True):
        return {}


def test_what_is_not_of_liftz_is_refused_with_its_place(tmp_path):
    path = tmp_path / "model.liftz"
    save(Flat().fit(X, Y), path)
    before = path.read_bytes()
    with pytest.raises(TypeError, match=r"Pipeline.steps\[1\]\[1\] is a test_persistence.OwnRidge, which"):
        save(make_pipeline(RootCenterer(ODD), OwnRidge()).fit(X, Y), path)
    with pytest.raises(TypeError, match="Ridge"):
        save(Ridge().fit([[1.0]], [1.0]), path)
    with pytest.raises(NotFittedError):
        save(TransformedTarget(Flat(), RootCenterer(ODD)), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("parameters", [{"callbacks": [EpochTimer()]}, {"random_state": np.random.RandomState(0)},
                                        {"augment": Shift()}])
def test_what_only_fit_needs_is_left_out_with_a_warning(parameters, tmp_path):
    [name] = parameters
    lstm = tiny_lstm(**parameters).fit(X, Y)
    with pytest.warns(UserWarning, match=f"LSTMRegressor.{name} is left out, and will be None"):
        loaded = round_trip(lstm, tmp_path)
    assert getattr(loaded, name) is None
    assert_same(loaded.predict(X), lstm.predict(X))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "model.liftz"
    save(tiny_lifter(select="hand").fit(X, Y), path, facts={"fps": 30})
    return path


def test_the_same_lifter_makes_the_same_file(model, tmp_path):
    save(load(model), tmp_path / "again.liftz", facts={"fps": 30})
    assert (tmp_path / "again.liftz").read_bytes() == model.read_bytes()


def test_any_tool_reads_the_arrays(model):
    assert len(safetensors.numpy.load_file(model)) > 10


def test_cut_files_are_refused(model, tmp_path):
    data = model.read_bytes()
    for i in range(64):
        (tmp_path / "cut.liftz").write_bytes(data[: len(data) * i // 64])
        with pytest.raises(FileFormatError, match=r"cut\.liftz: is (damaged|no lifter)"):
            load(tmp_path / "cut.liftz")
    for more in (data + b"\0", data + data, b"\0" + data):
        (tmp_path / "cut.liftz").write_bytes(more)
        with pytest.raises(FileFormatError, match="damaged"):
            load(tmp_path / "cut.liftz")


def test_files_with_a_flipped_bit_are_refused(model, tmp_path):
    data, rng = bytearray(model.read_bytes()), np.random.default_rng(0)
    header = 8 + int.from_bytes(data[:8], "little")
    for at in [*range(200), *rng.integers(header, size=400), *rng.integers(header, len(data), size=400)]:
        bit = 1 << int(rng.integers(8))
        data[at] ^= bit
        (tmp_path / "flipped.liftz").write_bytes(data)
        with pytest.raises(FileFormatError, match=r"flipped\.liftz: (is|has format)"):
            read_facts(tmp_path / "flipped.liftz")
        data[at] ^= bit


def forged(path, change):
    """A file whose content was changed, and whose digest is right all the same."""
    data = path.read_bytes()
    head = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    content = json.loads(head["__metadata__"]["liftz"])
    change(content)
    arrays = safetensors.numpy.load(data)
    content["sha256"] = BLANK
    data = safetensors.numpy.save(arrays, metadata={"liftz": json.dumps(content)})
    return data.replace(BLANK.encode(), hashlib.sha256(data).hexdigest().encode(), 1)


def without(*names):
    """Takes all of some names out of a file's content."""
    def strip(content):
        for name in names:
            if isinstance(content, dict):
                content.pop(name, None)
        for part in content.values() if isinstance(content, dict) else content if isinstance(content, list) else ():
            strip(part)

    return strip


def test_lifters_saved_before_there_were_sizes_and_parts_do_without(tmp_path):
    lifter = tiny_lifter(one_size=False, by_part=False).fit(X, Y)
    save(lifter, tmp_path / "old.liftz")

    older = without("size_", "one_size", "parts_", "by_part", "completion_")
    (tmp_path / "old.liftz").write_bytes(forged(tmp_path / "old.liftz", older))
    for depth, expected in zip(load(tmp_path / "old.liftz").predict(X), lifter.predict(X), strict=True):
        np.testing.assert_array_equal(depth, expected)


def test_lifters_saved_before_there_were_a_number_of_batches_roll_and_bones_in_the_loss_keep_theirs(tmp_path):
    save(tiny_lifter(augment=BodyAugmenter(SIGNER)).fit(X, Y), tmp_path / "old.liftz")
    older = without("n_batches", "roll", "along_bones")
    (tmp_path / "old.liftz").write_bytes(forged(tmp_path / "old.liftz", older))
    regressor = load(tmp_path / "old.liftz")["lift"].regressor
    assert (regressor.n_batches, regressor.augment.roll, regressor.along_bones) == (1200, 0, 0)


def test_lifters_saved_before_bones_were_asked_nearby_see_them_as_they_did(tmp_path):
    clips, depths, _ = recordings(lengths=(30, 9, 9, 9, 9))
    for look_ahead in (None, 0):
        lifter = tiny_lifter(look_ahead=look_ahead).fit(clips, depths)
        save(lifter, tmp_path / "old.liftz")
        (tmp_path / "old.liftz").write_bytes(forged(tmp_path / "old.liftz", without("span", "spread")))
        regressor, nearby = lifter["lift"].regressor_, lifter.predict(clips)
        regressor.features_ = partial(regressor.features_, span=None)
        assert_same(load(tmp_path / "old.liftz").predict(clips), lifter.predict(clips))
        assert not np.allclose(nearby[0], lifter.predict(clips)[0])


def test_what_was_known_of_errors_before_there_was_novelty_is_known_still(tmp_path):
    clips, depths, _ = recordings(lengths=(9, 14, 205, 14, 7))
    lifter = tiny_lifter(n_nets=5).fit(clips, depths, groups=np.arange(5))
    save(lifter, tmp_path / "old.liftz")

    older = without("novelty", "line", "usual", "middle")
    (tmp_path / "old.liftz").write_bytes(forged(tmp_path / "old.liftz", older))
    model = lifter["lift"].regressor_.errors_
    model.novelty, model.line, model.usual = None, (1.0, 0.0), (0.0, 0.0)
    assert_same(load(tmp_path / "old.liftz").predict(clips, return_std=True)[1],
                lifter.predict(clips, return_std=True)[1])


def deep(levels):
    return {"dict": {"a": deep(levels - 1)}} if levels else 1


FORGERIES = {
    "a class of another's": lambda c: c["lifter"]["dict"].update({"class": "Popen"}),
    "no class": lambda c: c["lifter"]["dict"].pop("class"),
    "an unknown parameter": lambda c: c["lifter"]["dict"]["parameters"]["dict"].update(shell=True),
    "no arrays of that name": lambda c: c.update(lifter={"array": "no"}),
    "no skeleton of that number": lambda c: c.update(skeletons=[]),
    "a skeleton with more": lambda c: c["skeletons"][0].update(more=1),
    "a kind that there is not": lambda c: c.update(lifter={"pickle": "gASVAAAA"}),
    "two kinds": lambda c: c.update(lifter={"tuple": [], "dict": {}}),
    "no lifter": lambda c: c.pop("lifter"),
    "no skeletons": lambda c: c.pop("skeletons"),
    "a number": lambda c: c.update(lifter=3),
    "a list": lambda c: c.update(lifter=[1, 2]),
    "text for steps": lambda c: c["lifter"]["dict"]["parameters"]["dict"].update(steps="center"),
    "depths of depths": lambda c: c.update(lifter=deep(200)),
}


@pytest.mark.parametrize("name", list(FORGERIES))
def test_forged_files_make_nothing(name, model, tmp_path):
    (tmp_path / "forged.liftz").write_bytes(forged(model, FORGERIES[name]))
    with pytest.raises(FileFormatError, match=r"forged\.liftz: (is no lifter|does not describe)"):
        load(tmp_path / "forged.liftz")


def test_a_newer_file_says_so(model, tmp_path):
    (tmp_path / "newer.liftz").write_bytes(forged(model, lambda c: c.update(format=2, version="9.1")))
    with pytest.raises(FileFormatError, match=r"has format 2, written by liftz 9\.1; .* pip install -U liftz"):
        load(tmp_path / "newer.liftz")


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "other"
    for data in (b"", b"{}", pickle.dumps({"a": 1}), b"\xff" * 100, safetensors.numpy.save({"a": np.zeros(3)}),
                 safetensors.numpy.save({"a": np.zeros(3)}, metadata={"liftz": "[]"}),
                 safetensors.numpy.save({}, metadata={"liftz": "[" * 100_000}),
                 safetensors.numpy.save({}, metadata={"liftz": '{"format": 1, "sha256": [3]}'})):
        path.write_bytes(data)
        with pytest.raises(FileFormatError, match="is no lifter that liftz saved"):
            load(path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none")
