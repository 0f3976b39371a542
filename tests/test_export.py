"""The exported graph lifts as `predict` does, gaps, roots and strides included."""

import json
import sys
from functools import cache

import numpy as np
import pytest
from clips import PELVIS
from hypothesis import given
from hypothesis import strategies as st
from lifting_cases import SIGNER, recordings, tiny_lifter, tiny_lstm
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from test_streaming import assert_near, clips, grown, of_other_signers

from liftz import Flat, GapFiller, RegionSelector, RootCenterer, Skeleton, TransformedTarget, ZNormalizer, make_lifter
from liftz.export import export_onnx

pytest.importorskip("onnx", reason='takes the package onnx: pip install "liftz[onnx]"')
onnxruntime = pytest.importorskip("onnxruntime", reason="takes onnxruntime to run what was exported")

X, Y, _ = recordings()
ON_THE_NECK = Skeleton("hung", SIGNER.keypoints, root="hip", regions=SIGNER.regions, roots={"hand": "neck"},
                       edges=SIGNER.edges)
CASES = {
    "defaults": {"stride": 3},
    "parts": {"by_part": True, "n_nets": 2, "stride": 2},
    "parts of bins": {"by_part": True, "bins": 7, "look_ahead": 2},
    "several nets": {"n_nets": 3, "stride": 3},
    "layers": {"num_layers": 3, "residual": True, "layer_norm": True, "hidden_size": 16},
    "bins": {"bins": 7},
    "a bottleneck": {"by_part": True, "bottleneck": 3, "residual": True, "hidden_size": 9},
    "some keypoints": {"select": ("head", "hand")},
    "a root of two keypoints": {"skeleton": PELVIS},
    "a hand on the neck": {"skeleton": ON_THE_NECK},
    "a hand on the neck, alone": {"skeleton": ON_THE_NECK, "select": ("hand",)},
    "confidences": {"n_channels": 3},
    "causal": {"look_ahead": 0, "stride": 2},
    "a look-ahead": {"look_ahead": 4, "stride": 2, "num_layers": 2, "residual": True, "layer_norm": True,
                     "hidden_size": 16},
    "a look-ahead beyond the end": {"look_ahead": 40, "stride": 3, "n_channels": 3},
}


def session(lifter, path, **options):
    export_onnx(lifter, path / "lifter.onnx", **options)
    return onnxruntime.InferenceSession((path / "lifter.onnx").read_bytes())


def lift(session, clip):
    return session.run(["depths"], {"keypoints": clip})[0]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    @cache
    def of(name):
        parameters = {"n_channels": 2, "skeleton": SIGNER} | CASES[name]
        clips, depths, _ = recordings(parameters.pop("n_channels"))
        tiny = tiny_lstm().get_params() | {"augment": None}
        del tiny["skeleton"]
        lifter = grown(make_lifter(**(tiny | parameters)).fit(clips, depths))
        return lifter, session(lifter, tmp_path_factory.mktemp("models"))
    return of


@pytest.mark.parametrize("name", list(CASES))
@given(data=st.data())
def test_it_equals_predict(name, exported, data):
    lifter, graph = exported(name)
    clip = data.draw(clips(CASES[name].get("n_channels", 2)))
    regressor = lifter[-1].regressor_
    as_usual = not np.isnan(clip).any() and len(clip) <= 2 * regressor.features_.keywords["span"] * regressor.stride_
    # Else a bone may be nearly as long as it is nearby, or where it was put in: the least rounding shows in its depth.
    assert_near(lift(graph, clip), lifter.predict([clip])[0], share=1e-5 if as_usual else 1e-3)


def test_nets_that_saw_other_signers_know_other_statistics(tmp_path):
    lifter = of_other_signers()
    assert_near(lift(session(lifter, tmp_path), X[1]), lifter.predict([X[1]])[0])


def test_pipelines_of_ones_own(tmp_path):
    lifter = make_pipeline(
        ZNormalizer(), RootCenterer(SIGNER, per_region=False), RegionSelector(SIGNER, ["tip", "hip"]),
        TransformedTarget(tiny_lstm(None), make_pipeline(
            RootCenterer(SIGNER, per_region=False), RegionSelector(SIGNER, ["tip", "hip"]), ZNormalizer())))
    lifter.fit(X, Y)
    assert_near(lift(session(lifter, tmp_path), X[1]), lifter.predict([X[1]])[0])


def test_the_regressor_alone(tmp_path):
    lstm = tiny_lstm(look_ahead=1).fit(X, [np.nan_to_num(depth) for depth in Y])
    assert_near(lift(session(lstm, tmp_path), X[1]), lstm.predict([X[1]])[0])


def test_it_says_what_it_takes_and_gives(tmp_path):
    graph = session(tiny_lifter(select="hand").fit(X, Y), tmp_path, facts={"units": "mm", "fps": 30})
    [keypoints], [depths] = graph.get_inputs(), graph.get_outputs()
    assert (keypoints.name, keypoints.shape, keypoints.type) == ("keypoints", ["n_frames", 6, 2], "tensor(float)")
    assert (depths.name, depths.shape) == ("depths", ["n_frames", 6])
    meta = {name: json.loads(text) for name, text in graph.get_modelmeta().custom_metadata_map.items()}
    assert meta == {"facts": {"units": "mm", "fps": 30}, "skeleton": "signer", "keypoints": list(SIGNER.keypoints),
                    "regions": {"body": ["hip", "neck", "head"], "hand": ["wrist", "thumb", "tip"]},
                    "roots": {"body": "hip", "hand": "wrist"}}


def test_what_cannot_be_exported_is_refused(tmp_path):
    path = tmp_path / "lifter.onnx"
    with pytest.raises(ValueError, match="a Flat cannot be exported, expected an LSTMRegressor"):
        export_onnx(make_lifter(SIGNER, Flat()).fit(X, Y), path)
    with pytest.raises(ValueError, match="a GapFiller cannot be exported"):
        export_onnx(make_pipeline(GapFiller(), TransformedTarget(tiny_lstm(), ZNormalizer())).fit(X, Y), path)
    with pytest.raises(ValueError, match="a GapFiller of depths cannot be exported"):
        export_onnx(TransformedTarget(tiny_lstm(), GapFiller()).fit(X, Y), path)
    with pytest.raises(NotFittedError):
        export_onnx(tiny_lifter(), path)
    with pytest.raises(TypeError, match="facts must be what JSON can say"):
        export_onnx(tiny_lifter().fit(X, Y), path, facts={"fps": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_without_the_package_it_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r'pip install "liftz\[onnx\]"'):
        export_onnx(tiny_lifter(), tmp_path / "lifter.onnx")
