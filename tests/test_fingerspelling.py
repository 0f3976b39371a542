import sys

import numpy as np
import pytest

from liftz import make_lifter
from liftz.datasets import FileFormatError, fingerspelling
from liftz.datasets.fingerspelling import load_fingerspelling
from liftz.io import write_pose
from liftz.sequences import check_sequences
from liftz.skeletons import MEDIAPIPE_HOLISTIC

pytest.importorskip("pose_format", reason="needs pose-format: pip install \"liftz[pose]\"")

HANDS = MEDIAPIPE_HOLISTIC.subset(["left_hand", "right_hand"])
HEADER = "path,spoken_language,signed_language,start,end,words,glosses,priority\n"


def write_clip(path, n_frames=10, fps=25, seed=0, hand="right_hand"):
    rng = np.random.default_rng(seed)
    clip, depth = np.full((n_frames, 543, 2), np.nan), np.full((n_frames, 543), np.nan)
    columns = MEDIAPIPE_HOLISTIC.region_indices(hand)
    clip[:, columns], depth[:, columns] = rng.uniform(100, 300, (n_frames, 21, 2)), rng.normal(size=(n_frames, 21))
    path.parent.mkdir(exist_ok=True)
    write_pose(path, [clip], [depth], skeleton=MEDIAPIPE_HOLISTIC, fps=fps, image_size=(500, 500))
    return clip[:, columns], depth[:, columns]


@pytest.fixture
def folder(tmp_path):
    """Two languages, three letters, one of them in the index of a third language, too."""
    rows = [("ase/a.pose", "en", "ase", "A"), ("ase/b.pose", "en", "ase", "B"), ("gsg/c.pose", "de", "gsg", "C"),
            ("ase/a.pose", "fr", "fsl", "A")]
    (tmp_path / "index.csv").write_text(HEADER + "".join(f"{path},{spoken},{signed},0,0,{letter},{letter},0\n"
                                                         for path, spoken, signed, letter in rows))
    write_clip(tmp_path / "ase/a.pose")
    write_clip(tmp_path / "ase/b.pose", fps=50, seed=1)
    write_clip(tmp_path / "gsg/c.pose", seed=2, hand="left_hand")
    return tmp_path


def test_clips_are_hands_with_depths_from_their_wrists(folder):
    data = load_fingerspelling(folder)
    check_sequences(data.X, data.y, skeleton=HANDS)
    assert data.groups.tolist() == ["ase", "ase", "gsg"]
    assert data.letters.tolist() == ["A", "B", "C"]
    assert (data.units, data.y_up, data.fps, data.skeleton.keypoints) == ("px", False, 25.0, HANDS.keypoints)
    clip, depth = write_clip(folder / "ase/a.pose")
    right = HANDS.region_indices("right_hand")
    np.testing.assert_allclose(data.X[0][:, right, :2], clip, rtol=1e-6)
    np.testing.assert_allclose(data.y[0][:, right], depth - depth[:, :1], atol=1e-3)
    assert np.isnan(data.X[0][:, HANDS.region_indices("left_hand"), :2]).all()


def test_all_clips_have_one_frame_rate(folder):
    lengths = [len(clip) for clip in load_fingerspelling(folder).X]
    assert lengths == [10, 5, 10]
    assert [len(clip) for clip in load_fingerspelling(folder, fps=50).X] == [19, 10, 19]


def test_languages_and_regions_are_chosen_by_name(folder):
    assert load_fingerspelling(folder, languages="gsg").letters.tolist() == ["C"]
    assert load_fingerspelling(folder, select="right_hand").letters.tolist() == ["A", "B"]
    with pytest.raises(ValueError, match="no language 'fsl'.*there are ase, gsg"):
        load_fingerspelling(folder, languages=["fsl"])
    with pytest.raises(ValueError, match="languages is empty"):
        load_fingerspelling(folder, languages=[])
    with pytest.raises(FileFormatError, match="shows none of NOSE"):
        load_fingerspelling(folder, select="NOSE")


@pytest.mark.parametrize(("index", "problem"), [
    (None, "cannot be read"), ("a,b\n1,2\n", "no 'path'"), (HEADER + "ase/a.pose\n", "row 1: expected a file"),
    (HEADER + "../a.pose,en,ase,0,0,A,A,0\n", "row 1"), (HEADER + "/etc/a.pose,en,ase,0,0,A,A,0\n", "row 1"),
    (HEADER.encode() + b"ase/\xff.pose,en,ase,0,0,A,A,0\n", "no CSV file in UTF-8"),
    (HEADER + "ase/gone.pose,en,ase,0,0,A,A,0\n", "gone.pose: cannot be read"),
])
def test_a_bad_folder_is_refused_by_file(folder, index, problem):
    path = folder / "index.csv"
    path.unlink()
    if index is not None:
        path.write_bytes(index if isinstance(index, bytes) else index.encode())
    with pytest.raises(FileFormatError, match=problem):
        load_fingerspelling(folder)


def test_without_the_package_the_cure_is_told(monkeypatch):
    monkeypatch.setattr(fingerspelling, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r'pip install "liftz\[fingerspelling\]"'):
        load_fingerspelling()


def test_hands_of_the_package_are_lifted():
    """In agreement with MediaPipe's depths; nobody knows their error."""
    pytest.importorskip("spoken_to_signed", reason="needs spoken-to-signed: pip install \"liftz[fingerspelling]\"")
    data = load_fingerspelling(languages=["ase", "bzs", "psr", "ukl"], select="right_hand")
    assert "spoken_to_signed.bin" not in sys.modules
    train, test = data.groups != "ase", data.groups == "ase"
    assert test.sum() == 26
    lifter = make_lifter(data.skeleton, n_nets=1, hidden_size=24, max_epochs=5, batch_size=8, random_state=0)
    depths = lifter.fit(data.X[train], data.y[train]).predict(data.X[test])
    theirs, ours = (np.concatenate([depth[:, 1:].ravel() for depth in side]) for side in (data.y[test], depths))
    known = ~np.isnan(theirs)
    mean = np.nanmean(np.concatenate(data.y[train]), axis=0)
    flat = np.concatenate([np.broadcast_to(mean, depth.shape)[:, 1:].ravel() for depth in data.y[test]])
    agreement, of_mean = (np.corrcoef(theirs[known], side[known])[0, 1] for side in (ours, flat))
    assert agreement > of_mean + 0.05
