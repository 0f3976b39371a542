"""The pages: one file without a network, right figures, hostile names, and the player in a real browser."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.utils import Bunch
from typer.testing import CliRunner

from liftz import Skeleton, mpjpe
from liftz.datasets import make_signing
from liftz.plots import at_true_roots
from liftz.report import write_player, write_report
from liftz.report._packing import pack_numbers
from liftz.sequences import to_object_array
from liftz.tables import error_table

HOSTILE = ["</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "<!--<script>",
           "$title ${body} &amp;", "</title><b>", "\u2028' onload='"]


class Page(HTMLParser):
    """The elements of a page, the text of its cells, and what its scripts hold; refuses what is not well formed."""

    VOID = {"meta", "input"}

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.scripts, self.rows = [], [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag == "script":
            self.scripts.append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data


def unpack(packed):
    import base64

    levels = np.frombuffer(base64.b64decode(packed["data"]), "<i2").astype(np.float64)
    return np.where(levels == -32768, np.nan, packed["low"] + packed["step"] * (levels + 32767))


@pytest.fixture(scope="module")
def data():
    return make_signing(n_signers=2, n_clips=3, n_frames=(20, 30), random_state=0)


@pytest.fixture(scope="module")
def predictions(data):
    rng = np.random.default_rng(0)
    noisy = [y + rng.normal(0, 1 + k % 3, y.shape).astype(np.float32) for k, y in enumerate(data.y)]
    return {"flat": to_object_array([0 * y for y in data.y]), "lifter": to_object_array(noisy)}


@pytest.fixture(scope="module")
def report(data, predictions, tmp_path_factory):
    file = tmp_path_factory.mktemp("report") / "report.html"
    write_report(file, data, predictions, reference="flat", facts={"track": "T1"})
    return file


def test_one_file_that_asks_for_nothing_and_is_small(report):
    text = report.read_text(encoding="utf-8")
    page = Page(text)
    assert len(text.encode()) - len(page.scripts[0].encode()) < 300_000
    assert {"link", "img", "iframe", "object", "base", "form"}.isdisjoint(page.tags)
    assert not {"src", "href", "srcset", "action"} & {name for name, _ in page.attributes}
    assert not re.search(r"https?:|url\((?!#)|@import|fetch\(|XMLHttpRequest|WebSocket|import\(|\beval\b", text)
    assert dict(page.attributes)["content"]  # of the metas
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'") in page.attributes


def test_its_tables_are_those_of_the_error_table(report, data, predictions):
    rows = Page(report.read_text(encoding="utf-8")).rows
    for row in error_table(data.y, predictions, data.groups, data.skeleton, reference="flat", keypoints=True).rows:
        if row.part == "all":
            assert [row.model, f"{row.mean:.4g}", f"{row.spread:.4g}", f"{row.worst:.4g}", row.worst_signer,
                    "-" if row.skill is None else f"{row.skill:.3f}"] in rows
            column = ["flat", "lifter"].index(row.model) + 1
            for signer, error in row.signers.items():
                assert [line[column] for line in rows if line[0] == signer and len(line) == 3] == [f"{error:.4g}"]
        elif row.model == "lifter":
            (line,) = [line for line in rows if line[0] == row.part]
            assert (line[2], line[4]) == (f"{row.mean:.4g}", row.worst_signer)


def test_its_charts_name_every_figure(report, data, predictions):
    text = report.read_text(encoding="utf-8")
    table = error_table(data.y, predictions, data.groups, data.skeleton, keypoints=True)
    errors = {row.part: row.mean for row in table.rows if row.model == "lifter" and row.part in data.skeleton.keypoints}
    dots = dict(re.findall(r'<circle [^>]*fill="rgb[^>]*><title>([^<]*): ([^<]*) cm</title>', text))
    assert dots == {keypoint: f"{error:.3g}" for keypoint, error in errors.items()}
    assert re.findall(r"<title>([^<]*): not compared</title>", text) == ["face_nose_tip", "left_hand_wrist",
                                                                      "right_hand_wrist", "mid_hip"]
    for model, clips in predictions.items():
        for signer in ("S1", "S2"):
            own = np.flatnonzero(data.groups == signer)
            median = np.median([mpjpe([data.y[i]], [clips[i]], skeleton=data.skeleton) for i in own])
            assert f"<title>{signer}, {model}: median clip {median:.3g} cm, 3 clips</title>" in text


def test_it_plays_the_clips_it_says_at_the_true_roots(report, data, predictions):
    page = json.loads(Page(report.read_text(encoding="utf-8")).scripts[0])
    by_name = {name: i for i, name in enumerate(data.recordings)}
    errors = [float(re.match(r"[\d.]+", clip["note"])[0]) for clip in page["clips"]]
    titles = [clip["name"].split(":")[0] for clip in page["clips"]]
    assert titles == ["median clip", "worst clip", "best clip", "median clip of the worst signer"][:len(titles)]
    assert min(errors) == errors[2]
    assert max(errors) == errors[1]
    for clip in page["clips"]:
        i = by_name[re.search(r"synthetic_S\d_\d\d", clip["name"])[0]]
        true, lifted = (unpack(series["z"]).reshape(-1, 138) for series in clip["series"])
        for packed, expected in ((clip["x"], data.X[i][..., 0]), (clip["y"], data.X[i][..., 1])):
            np.testing.assert_allclose(unpack(packed).reshape(-1, 138), expected, atol=packed["step"])
        np.testing.assert_allclose(true, data.y[i], atol=0.01)
        np.testing.assert_allclose(lifted, at_true_roots(data.y[i], predictions["lifter"][i], data.skeleton), atol=0.01)
    assert sum(page["compared"]) == 134  # all but the four roots


def hostile_data():
    names = HOSTILE[:3]
    skeleton = Skeleton(HOSTILE[4], names, root=names[0], edges=[(names[0], names[1])],
                        regions={HOSTILE[3]: names[:2], HOSTILE[5]: names[2:]}, pairs=[(names[1], names[2])])
    rng = np.random.default_rng(0)
    y = rng.normal(size=(4, 5, 3)).astype(np.float32)
    return Bunch(X=rng.normal(size=(4, 5, 3, 2)), y=y, groups=np.array([HOSTILE[0], HOSTILE[1]] * 2),
                 recordings=np.array(HOSTILE[:4]), skeleton=skeleton, fps=25, units=HOSTILE[0], y_up=True)


@pytest.mark.parametrize("kind", ["report", "player"])
def test_hostile_names_stay_text(tmp_path, kind):
    data = hostile_data()
    if kind == "report":
        models = {HOSTILE[1]: data.y + 0.1, HOSTILE[0]: data.y - 0.2}
        write_report(tmp_path / "page.html", data, models, model=HOSTILE[1], reference=HOSTILE[0], title=HOSTILE[4],
                     facts={HOSTILE[0]: HOSTILE[1]})
    else:
        write_player(tmp_path / "page.html", data, title=HOSTILE[4])
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert page.tags.count("script") == 2
    assert {"img", "b"}.isdisjoint(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert json.loads(page.scripts[0])["keypoints"] == HOSTILE[:3]
    if kind == "report":
        assert HOSTILE[0] in [row[0] for row in page.rows]


@given(arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 4)),
              elements=st.floats(-1e6, 1e6, width=32) | st.just(np.nan)))
def test_packed_numbers_come_back_within_half_a_step(values):
    packed = pack_numbers(values)
    back = unpack(packed).reshape(values.shape)
    np.testing.assert_array_equal(np.isnan(back), np.isnan(values))
    np.testing.assert_allclose(back, values, atol=0.501 * packed["step"] + 1e-9)


def test_a_body_of_two_metres_is_packed_to_a_tenth_of_a_millimetre():
    assert pack_numbers(np.array([0.0, 2000.0]))["step"] < 0.1


def test_what_does_not_fit_is_refused_and_leaves_no_file(data, predictions, tmp_path):
    with pytest.raises(ValueError, match="model must be one of the predictions, flat, lifter, got 'net'"):
        write_report(tmp_path / "x.html", data, predictions, model="net")
    with pytest.raises(ValueError, match="clips"):
        write_report(tmp_path / "x.html", data, {"lifter": data.y[:2]})
    with pytest.raises(ValueError, match="nothing to compare"):
        write_report(tmp_path / "x.html", data, {"lifter": [y * np.nan for y in data.y]})
    with pytest.raises(ValueError, match="max_frames must be at least 1"):
        write_player(tmp_path / "x.html", data, max_frames=0)
    assert list(tmp_path.iterdir()) == []


def test_keypoints_without_depths_frame_rate_or_names_are_played_flat_and_cut(data, tmp_path):
    bare = Bunch(X=data.X[:2], skeleton=data.skeleton, fps=None, units="px", y_up=False)
    write_player(tmp_path / "x.html", bare, max_frames=10)
    text = (tmp_path / "x.html").read_text(encoding="utf-8")
    page = json.loads(Page(text).scripts[0])
    assert [(clip["name"], clip["frames"], clip["flat"]) for clip in page["clips"]] == [("clip 0", 10, True),
                                                                                     ("clip 1", 10, True)]
    assert f"The first 10 of {len(data.X[0])} frames. No depths are known" in page["clips"][0]["note"]
    assert "30, assumed" in text


@pytest.fixture
def run_view(data, monkeypatch, tmp_path):
    import webbrowser

    import liftz.io
    from liftz.cli.view import view

    opened = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(vars(liftz.io), "read_clips", lambda path: data)
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    app = typer.Typer()
    app.command()(view)
    return lambda *arguments: (CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "200"}), opened)


def test_view_writes_a_page_here_and_opens_it(run_view, tmp_path):
    result, opened = run_view("/elsewhere/a.npz")
    assert result.exit_code == 0, result.output
    assert "written to a.npz.html: 6 clips of PANOPTIC_138" in result.output
    assert opened == [(tmp_path / "a.npz.html").as_uri()]
    assert Page((tmp_path / "a.npz.html").read_text(encoding="utf-8")).tags.count("script") == 2


def test_view_writes_where_it_is_told_and_opens_nothing_unasked(run_view, tmp_path):
    result, opened = run_view("a.npz", "-o", tmp_path / "b.html", "--no-open", "--frames", 5)
    assert result.exit_code == 0, result.output
    assert (opened, [path.name for path in tmp_path.iterdir()]) == ([], ["b.html"])
    result, _ = run_view("a.npz", "-o", tmp_path / "no" / "b.html")
    assert result.exit_code == 2
    assert "does not exist" in result.output
