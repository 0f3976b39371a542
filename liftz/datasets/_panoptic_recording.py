"""One recording of Panoptic Studio: bodies, faces and hands joined on the frame number, person by person."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from liftz._files import FileFormatError
from liftz.datasets._panoptic_scene import read_bodies, read_faces, read_hands
from liftz.skeletons import PANOPTIC_131, PANOPTIC_138, PANOPTIC_COCO19

__all__ = ["BODY_FOLDERS", "FACE_FOLDER", "HAND_FOLDER", "PATTERNS", "SKELETONS", "Files", "Recording",
           "find_files", "read_recording"]

BODY_FOLDERS = {"joints26": "hdPose3d_stage1_op25", "joints19": "hdPose3d_stage1_coco19"}
FACE_FOLDER, HAND_FOLDER = "hdFace3d", "hdHand3d"
PATTERNS = {"bodies": "body3DScene_{:08d}.json", "faces": "faceRecon3D_hd{:08d}.json",
            "hands": "handRecon3D_hd{:08d}.json"}
SKELETONS = {"joints26": PANOPTIC_138, "joints19": PANOPTIC_131}

FARTHEST = {"face": 50, "left_hand": 30, "right_hand": 30}  # cm from the nose to a joint of the head, wrist to wrist
TOGETHER, APART, LATELY = 20, 40, 10  # cm, cm and frames: what makes an exchange of ids out of two jumps
LARGEST_GAP = 10_000  # frames; file numbers are without gaps in every recording known
NOSE_TIP, WRIST = 30, 0  # in a face, in a hand
JOINTS = {"face": PANOPTIC_COCO19.indices(["nose", "neck", "left_eye", "right_eye", "left_ear", "right_ear"]),
          "left_hand": PANOPTIC_COCO19.indices(["left_wrist"]),
          "right_hand": PANOPTIC_COCO19.indices(["right_wrist"])}
TORSO = PANOPTIC_COCO19.indices(["neck", "mid_hip", "left_shoulder", "right_shoulder"])


class Files(NamedTuple):
    """The files of a recording by frame number, and how many joints its bodies have."""

    bodies: dict
    faces: dict
    hands: dict
    n_joints: int


class Recording(NamedTuple):
    """Persons by id, each the first frame and points ``(n_frames, n_keypoints, 3)`` in cm; and what to warn of."""

    persons: dict
    notes: list[str]


def find_files(folder, body):
    """The files of a recording; a file of another name, such as ``lrSwitchedFrames.txt``, is nobody's."""
    n_joints = 26
    bodies = _by_frame(folder / BODY_FOLDERS["joints26"], "bodies")
    if body == "joints19" and (coco := _by_frame(folder / BODY_FOLDERS["joints19"], "bodies")):
        bodies, n_joints = coco, 19
    for (before, _), (after, path) in pairwise(bodies.items()):
        if after - before > LARGEST_GAP:
            raise FileFormatError(path, f"comes {after - before} frames after the file before it", after)
    return Files(bodies, _by_frame(folder / FACE_FOLDER, "faces"), _by_frame(folder / HAND_FOLDER, "hands"), n_joints)


def _by_frame(folder, kind):
    if not folder.is_dir():
        return {}
    pattern = re.compile(re.escape(PATTERNS[kind]).replace(r"\{:08d\}", "([0-9]{8})"))
    found = ((pattern.fullmatch(path.name), path) for path in folder.iterdir())
    return dict(sorted((int(match[1]), path) for match, path in found if match))


def read_recording(folder, files, body, min_confidence):
    """Read every file of a recording."""
    skeleton = SKELETONS[body]
    places = {region: skeleton.region_indices(region) for region in skeleton.regions}
    tracks: dict[int, dict] = {}
    far: dict[str, list] = {region: [] for region in JOINTS}
    exchanges, blank = _Exchanges(), []
    for frame, path in files.bodies.items():
        scene = read_bodies(path, frame, files.n_joints, min_confidence)
        bodies = {i: regions["body"][: len(places["body"])] for i, regions in scene.people}
        if not scene.ours:
            bodies = exchanges.mend(bodies, frame)
        points = {i: np.full((len(skeleton), 3), np.nan, np.float32) for i in bodies}
        for i in bodies:
            points[i][places["body"]] = bodies[i]
            tracks.setdefault(i, {})[frame] = points[i]
        blank += [path] * scene.blank
        for read, paths in ((read_faces, files.faces), (read_hands, files.hands)):
            if frame in paths:
                scene = read(paths[frame], frame)
                blank += [paths[frame]] * scene.blank
                for region in JOINTS:
                    parts = [(exchanges.person.get(i, i), regions[region]) for i, regions in scene.people
                             if region in regions]
                    owners, n_far = (dict(parts), 0) if scene.ours else _match(parts, bodies, region)
                    far[region] += [frame] * n_far
                    for i in owners.keys() & bodies.keys():
                        points[i][places[region]] = owners[i]
    persons = {i: _stack(track) for i, track in sorted(tracks.items())}
    return Recording(persons, _notes(folder, files, exchanges, blank, far, persons))


def _match(parts, bodies, region):
    """Faces or hands by the body that they belong to, and how many of them do so from afar, by their ids alone.

    They go by the least sum of distances. Others go by their ids, but faces only where there is nothing to measure:
    a hand is looked for at the wrist of the body that it has its id from, a face is not.
    """
    distance = np.array([[_distance(part, body, region) for body in bodies.values()] for _, part in parts])
    if not distance.size:
        return {}, 0
    near = distance <= FARTHEST[region]
    rows, columns = linear_sum_assignment(np.where(near, distance, 1e6))
    owned = {list(bodies)[column]: row for row, column in zip(rows, columns, strict=True) if near[row, column]}
    n_far = 0
    for row, (i, _) in enumerate(parts):
        if i in bodies and i not in owned and row not in owned.values():
            measured = not np.isnan(distance[row, list(bodies).index(i)])
            if not measured or region != "face":
                owned[i] = row
                n_far += measured
    return {i: parts[row][1] for i, row in owned.items()}, n_far


def _distance(part, body, region):
    """Distance in cm of a face's nose, or a hand's wrist, from the nearest of the joints it belongs to."""
    part, joints = part.astype(float), body[JOINTS[region]].astype(float)
    anchor = part[NOSE_TIP if region == "face" else WRIST]
    if region == "face" and np.isnan(anchor).any() and not np.isnan(part).all(axis=0).any():
        anchor = np.nanmean(part, axis=0)
    distances = np.linalg.norm(joints - anchor, axis=1)
    distances = distances[~np.isnan(distances)]
    return distances.min() if len(distances) else np.nan


class _Exchanges:
    """Follows persons through exchanges of their ids: two bodies that jump, each to where the other just was."""

    def __init__(self):
        self.person = {}  # by id
        self.last = {}  # by person: frame, place
        self.found = []  # frame, person, person

    def mend(self, bodies, frame):
        """The bodies by person instead of by id."""
        for i in bodies:
            self.person.setdefault(i, i)
        bodies = {self.person[i]: body for i, body in bodies.items()}
        places = {i: np.nanmean(body[TORSO].astype(float), axis=0) for i, body in bodies.items()
                  if not np.isnan(body[TORSO]).all(axis=0).any()}
        lately = sorted(i for i in places if i in self.last and frame - self.last[i][0] <= LATELY)
        for a, b in combinations(lately, 2):
            if (min(self._moved(places[a], a), self._moved(places[b], b)) > APART
                    and max(self._moved(places[a], b), self._moved(places[b], a)) < TOGETHER):
                self.found.append((frame, a, b))
                other = {a: b, b: a}
                self.person = {i: other.get(person, person) for i, person in self.person.items()}
                bodies = {other.get(i, i): body for i, body in bodies.items()}
                places = {other.get(i, i): place for i, place in places.items()}
        self.last |= {i: (frame, place) for i, place in places.items()}
        return bodies

    def _moved(self, place, person):
        return np.linalg.norm(place - self.last[person][1])


def _stack(track):
    first = min(track)
    points = np.full((max(track) - first + 1, *track[first].shape), np.nan, np.float32)
    for frame, keypoints in track.items():
        points[frame - first] = keypoints
    return first, points


def _notes(folder, files, exchanges, blank, far, persons):
    notes = [f"{folder}: there is no {what}, so that {what[2:6].lower()} keypoints are missing throughout"
             for what, paths in ((FACE_FOLDER, files.faces), (HAND_FOLDER, files.hands)) if not paths]
    if blank:
        notes.append(f"{folder}: nobody is taken to be in {len(blank)} blank files, the first of which is {blank[0]}")
    if exchanges.found:
        frame, a, b = exchanges.found[0]
        notes.append(f"{folder}: ids exchange places {len(exchanges.found)} times, first {a} and {b} in frame {frame}; "
                     f"each clip follows the person, not the id")
    notes += [f"{folder}: {region.replace('_', ' ')}s were taken by their ids although they are more than "
              f"{FARTHEST[region]} cm from the wrist, {len(frames)} times, first in frame {frames[0]}"
              for region, frames in far.items() if frames]
    if not persons:
        notes.append(f"{folder}: nobody is in any of {len(files.bodies)} frames")
    return notes
