"""A small file of every format, with the quirks that the real ones have; how to read it, and how to damage it."""

import json

import numpy as np

from liftz.io import (
    read_csv,
    read_deeplabcut,
    read_h3wb,
    read_mmpose,
    read_nia,
    read_npz,
    read_openpose,
    read_sleap,
    write_csv,
    write_npz,
)
from liftz.skeleton import Skeleton

ARM = Skeleton("arm", ["shoulder", "elbow", "wrist"], root="shoulder",
               edges=[("shoulder", "elbow"), ("elbow", "wrist")], regions={"upper": ["shoulder"],
                                                                         "lower": ["elbow", "wrist"]})
PARTS = {"pose": 25, "face": 70, "hand_left": 21, "hand_right": 21}
CAMERA = {"Intrinsics": {"data": "2266.8 1.1 955.3 0 2267.2 570.2 0 0 1"},
          "CameraMatrix": {"data": "1 0 0 0.5 0 1 0 -2 0 0 1 300"},
          "Distortion": {"rows": "5", "data": "-0.1 0.6 -0.0005 -0.001 -7.2"}}


def points(n_frames, n_keypoints, seed=0, gaps=0.1):
    """x, y in pixels and a confidence, as OpenPose has them: six digits, and zeros where nothing was seen."""
    rng = np.random.default_rng(seed)
    place = rng.uniform(200, 800, (1, n_keypoints, 2)) + np.cumsum(rng.normal(0, 2, (n_frames, 1, 2)), axis=0)
    clip = np.concatenate([place, rng.uniform(0.3, 1, (n_frames, n_keypoints, 1))], axis=2).round(3)
    clip[rng.random((n_frames, n_keypoints)) < gaps] = 0
    return clip


def expected(clip):
    """What a reader makes of zeros."""
    clip = np.float32(clip)
    clip[clip[..., 2] == 0, :2] = np.nan
    return clip


def person(frame, parts=PARTS, suffix="_2d"):
    """One person of OpenPose's JSON, from x, y, confidence of all keypoints in the order of the parts."""
    lists = np.split(frame, np.cumsum(list(parts.values()))[:-1])
    flat = [[float(v) if v else 0 for v in values.ravel()] for values in lists]  # OpenPose writes 0, not 0.0
    return {"person_id": [-1]} | {f"{part}_keypoints{suffix}": values for part, values in zip(parts, flat, strict=True)}


def in_space(flat, seed=1):
    """x, y, z and 1 for every keypoint, as OpenPose's 3D lists have them."""
    return np.concatenate([np.random.default_rng(seed).normal(0, 50, (*flat.shape[:2], 3)).round(3),
                           np.ones((*flat.shape[:2], 1))], axis=2)


def write_openpose(folder, clips, name="talk", first=0, **options):
    """A file for each frame, listing the people of the clips, which are (first frame, clip)."""
    folder.mkdir(exist_ok=True)
    for frame in range(max(start + len(clip) for start, clip in clips)):
        people = [person(clip[frame - start], **options) for start, clip in clips if 0 <= frame - start < len(clip)]
        write_frame(folder, first + frame, people, name)
    return folder


def write_frame(folder, frame, people, name="talk", **more):
    path = folder / f"{name}_{frame:012d}_keypoints.json"
    path.write_text(json.dumps({"version": 1.3, "people": people, **more}, separators=(",", ":")))
    return path


def write_nia(folder, flat, deep, name="NIA_SL_WORD0007_REAL03_F", camera=CAMERA):
    folder.mkdir(exist_ok=True)
    for frame, (xy, xyz) in enumerate(zip(flat, deep, strict=True)):
        people = person(xy) | person(xyz, suffix="_3d") | {"person_id": -1}
        write_frame(folder, frame, people, name, **({"camparam": camera} if camera else {}))
    return folder


def instance(frame):
    return {"keypoints": frame[:, :2].tolist(), "keypoint_scores": frame[:, 2].tolist(),
            "bbox": [[1.0, 2.0, 3.0, 4.0]], "bbox_score": 0.9}


def write_dlc_h5(path, columns, values, frames=None):
    """What pandas writes with format="table": the names of the columns pickled in protocol 0."""
    import pickle

    import h5py

    table = np.zeros(len(values), dtype=[("index", "<i8"), ("values_block_0", "<f8", (values.shape[1],))])
    table["index"], table["values_block_0"] = range(len(values)) if frames is None else frames, values
    with h5py.File(path, "w") as file:
        group = file.create_group("df_with_missing")
        group.attrs["pandas_type"] = np.bytes_(b"frame_table")
        stored = group.create_dataset("table", data=table, chunks=(64,), maxshape=(None,))
        stored.attrs["values_block_0_kind"] = np.bytes_(pickle.dumps(columns, protocol=0))
    return path


def write_sleap_h5(path, tracks, scores, names, labels=("a", "b"), dims=None):
    """What SLEAP writes: tracks (track, frame, node, xy), stored with the axes of MATLAB."""
    import h5py

    with h5py.File(path, "w") as file:
        stored = tracks.transpose(0, 3, 2, 1) if dims is None else tracks.transpose(
            [["track", "frame", "node", "xy"].index(axis) for axis in dims])
        file.create_dataset("tracks", data=stored, compression="gzip")
        if dims is not None:
            file["tracks"].attrs["dims"] = json.dumps(dims)
        order = [axis for axis in dims or ["track", "xy", "node", "frame"] if axis != "xy"]
        file.create_dataset("point_scores", compression="gzip", data=scores.transpose(
            [["track", "frame", "node"].index(axis) for axis in order]))
        file.create_dataset("node_names", data=np.array(names, "S"))
        file.create_dataset("track_names", data=np.array(labels, "S"))
        file.create_dataset("edge_inds", data=np.array([[0, 1]]).T)
        file.create_dataset("instance_scores", data=np.ones((len(tracks), tracks.shape[1])))
        file.create_dataset("track_occupancy", data=np.ones(tracks.shape[1::-1], np.uint8))
    return path


DLC_COLUMNS = [("net", part, coord) for part in ("nose", "tail") for coord in ("x", "y", "likelihood")]


def dlc_csv(values, columns=DLC_COLUMNS, levels=("scorer", "bodyparts", "coords")):
    lines = [",".join([level, *(column[i] for column in columns)]) for i, level in enumerate(levels)]
    lines += [",".join([str(frame), *("" if np.isnan(v) else repr(float(v)) for v in row)])
              for frame, row in enumerate(values)]
    return "\n".join(lines) + "\n"


def dlc_values(n_frames=5, n_columns=6, seed=0):
    values = np.random.default_rng(seed).uniform(0, 1, (n_frames, n_columns))
    values[:, np.arange(n_columns) % 3 < 2] *= 500
    values[1, :3] = np.nan
    return values


SLEAP_CSV = """track,frame_idx,instance.score,head.x,head.y,head.score,tail.x,tail.y,tail.score
a,2,0.9,10.5,20.25,0.75,30,40,0.5
a,3,0.9,11.5,21.25,0.75,,,
b,3,0.8,110.5,120.25,,130,140,0.25
a,5,0.9,12.5,22.25,0.75,32,42,0.5
"""


def small_case(name, folder):
    """(reader, what it reads, the file to damage) of a format, small: for damaging it a thousand times."""
    if name == "openpose":
        write_openpose(folder, [(0, points(3, 137))])
        return read_openpose, folder, folder / "talk_000000000001_keypoints.json"
    if name == "nia":
        flat = points(3, 137)
        write_nia(folder, flat, in_space(flat))
        return read_nia, folder, folder / "NIA_SL_WORD0007_REAL03_F_000000000001_keypoints.json"
    path = folder / f"file.{name.rpartition('_')[2] if '_' in name else 'json' if name in ('mmpose', 'h3wb') else name}"
    reader = {"mmpose": read_mmpose, "h3wb": read_h3wb, "deeplabcut_csv": read_deeplabcut, "sleap_csv": read_sleap,
              "deeplabcut_h5": read_deeplabcut, "sleap_h5": read_sleap, "npz": read_npz, "wide_csv": read_csv,
              "long_csv": read_csv}[name]
    if name == "mmpose":
        clip = points(3, 17, gaps=0)
        path.write_text(json.dumps({"meta_info": {"dataset_name": "coco"}, "instance_info": [
            {"frame_id": i + 1, "instances": [instance(frame)]} for i, frame in enumerate(clip)]}))
    elif name == "h3wb":
        path.write_text(json.dumps({str(8 * i): h3wb_sample(i) for i in range(2)}))
    elif name == "deeplabcut_csv":
        path.write_text(dlc_csv(dlc_values()))
    elif name == "deeplabcut_h5":
        write_dlc_h5(path, DLC_COLUMNS, dlc_values())
    elif name == "sleap_csv":
        path.write_text(SLEAP_CSV)
    elif name == "sleap_h5":
        clip = points(6, 4)
        write_sleap_h5(path, clip[None, ..., :2], clip[None, ..., 2], ["head", "tail", "paw", "ear"], ["a"])
    else:
        clip = np.random.default_rng(0).normal(0, 300, (4, 3, 3)).astype(np.float32)
        clip[1, 2] = np.nan
        write = write_npz if name == "npz" else write_csv
        write(path, clip, ARM, fps=25, confidence=np.full((4, 3), 0.5),
              **({} if name == "npz" else {"layout": name.removesuffix("_csv")}))
    return reader, path, path


def h3wb_sample(seed):
    flat, deep = points(1, 133, seed, gaps=0)[0], in_space(points(1, 133), seed)[0]
    return {"image_path": f"S{seed + 1}/Images/Walking.{seed}/frame.jpg",
            "bbox": {"x_min": 1.0, "y_min": 2.0, "x_max": 3.0, "y_max": 4.0},
            "keypoints_3d": {str(i): {"x": x, "y": y, "z": z} for i, (x, y, z, _) in enumerate(deep.tolist())},
            "keypoints_2d": {str(i): {"x": x, "y": y} for i, (x, y, _) in enumerate(flat.tolist())}}


SMALL_CASES = ["openpose", "nia", "mmpose", "h3wb", "deeplabcut_csv", "deeplabcut_h5", "sleap_csv", "sleap_h5", "npz",
               "wide_csv", "long_csv"]
