"""What the tests of the commands that read and write clips share: small lifters, recordings, folders of JSON."""

import json

import numpy as np
import typer
from typer.testing import CliRunner

from liftz import FrameRidge, make_lifter
from liftz.cli.fit import model_facts
from liftz.conversion import convert
from liftz.datasets import make_signing, project
from liftz.io import write_npz
from liftz.persistence import save
from liftz.sequences import to_object_array
from liftz.skeletons import OPENPOSE_137

PARTS = {"pose": 25, "face": 70, "hand_left": 21, "hand_right": 21}
LENGTH = ("--length", "LShoulder", "RShoulder", 350)


def run(command, *arguments):
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": "300", "NO_COLOR": "1"})


def told(result):
    """All that was printed, on one line."""
    return " ".join(result.output.replace("│", " ").split())


def signing(n_signers=3, n_clips=3, n_frames=40, random_state=0):
    """OpenPose's keypoints in pixels, noise-free and whole, and their depths in cm."""
    data = make_signing(n_signers=n_signers, n_clips=n_clips, n_frames=n_frames, noise=0, missing=0, views=(0,),
                        random_state=random_state)
    X = project(data, "T2", noise=0, missing=0)
    data.X, data.y = (convert(clips, data.skeleton, OPENPOSE_137) for clips in (X, data.y))
    data.skeleton, data.keypoint_units, data.image_size = OPENPOSE_137, "px", None
    return data


def save_ridge(path, data, *, select=None, **facts):
    """A lifter that takes no time to fit: a ridge on single frames."""
    lifter = make_lifter(data.skeleton, FrameRidge(), select=select).fit(data.X, data.y)
    save(lifter, path, facts=model_facts(data) | facts)
    return lifter


def write_recordings(folder, data, *, fps=29.97, per_cm=4):
    """A file for each clip, ``clip0.npz`` and on: x and y in pixels of a picture, and depths from the neck in px."""
    folder.mkdir()
    neck = OPENPOSE_137.index("Neck")
    for i, (X, y) in enumerate(zip(data.X, data.y, strict=True)):
        points = np.dstack([X + np.float32([640, 360]), per_cm * (y - y[:, neck, None])])
        write_npz(folder / f"clip{i}.npz", points, OPENPOSE_137, fps=fps, units="px", y_up=False)
    return folder


def write_signers(path, signers):
    """A table for `write_recordings`."""
    rows = [f"clip{i},{signer}\n" for i, signer in enumerate(signers)]
    path.write_text("recording,signer\n" + "".join(rows))
    return path


def write_openpose(folder, clips, name="talk"):
    """A folder of JSON with a person for each clip; pictures are 1280 x 720."""
    folder.mkdir()
    for i in range(len(clips[0])):
        people = []
        for person, clip in enumerate(clips):
            seen = clip[i, :, :2] + np.float32([640 + 500 * person, 360])
            frame = np.where(np.isnan(seen).any(axis=1)[:, None], 0, np.c_[seen, np.full(137, 0.8)])
            lists = np.split(frame, np.cumsum(list(PARTS.values()))[:-1])
            people.append({f"{part}_keypoints_2d": values.ravel().tolist()
                           for part, values in zip(PARTS, lists, strict=True)})
        (folder / f"{name}_{i:012d}_keypoints.json").write_text(json.dumps({"version": 1.3, "people": people}))
    return folder


def clips_of(*clips):
    return to_object_array([np.asarray(clip, np.float32) for clip in clips])
