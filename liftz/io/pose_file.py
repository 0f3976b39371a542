"""`.pose` files of OpenPose, MediaPipe Holistic and COCO-WholeBody, through the package pose-format."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np

from liftz._files import FileFormatError, atomic_write
from liftz.io._clips import as_bunch
from liftz.io._pose_bytes import MOST_FPS, pose_format, read_whole
from liftz.io._pose_layouts import LAYOUTS, WORLD, components, layout_of, picked
from liftz.sequences import check_sequences, seen, to_object_array
from liftz.skeletons import MEDIAPIPE_HOLISTIC

__all__ = ["read_pose", "write_pose"]

FARTHEST = 1e6  # px; a number beyond that is no picture's, but damaged


def read_pose(path, *, min_frames=1, z_width=None):
    """Read a ``.pose`` file: a clip for each person, in pixels, with depths where the file has z.

    Layouts: OpenPose (137 keypoints), MediaPipe Holistic (543: irises are left out), COCO-WholeBody (133), whole or
    with components or keypoints left out, which are then not seen. A confidence above 1 is 1 and one below 0 not seen:
    published files have both, of interpolation. A file is whole or refused: pose-format itself reads a file cut off, or
    with bytes too many, without a word.

    Parameters
    ----------
    path : str or path-like
    min_frames : int, default=1
        Leave out persons who were seen in fewer frames.
    z_width : float, optional
        MediaPipe's z is in widths of its picture, and a ``.pose`` file keeps it so, beside x and y in pixels. Here z
        is made pixels again, times this. Default: the width in the file's header, which is another one if the pose
        was scaled or moved since; a warning says so where it shows.

    Returns
    -------
    Bunch
        With, per person: `X`, x and y (down) in px and a confidence, ``(n_frames, n_keypoints, 3)``; `recordings`,
        the file's name; `persons`, their numbers in the file. And `skeleton`, `fps`, `units`, `y_up` and
        `image_size`. Where the file has z, `y`, ``(n_frames, n_keypoints)`` in px, away from the camera. It is
        what the file says: of MediaPipe an estimate, of the body from the hips, of a hand from its wrist, of the face
        from the middle of the head. Where it has MediaPipe's world landmarks, `world`, ``(n_frames, 33, 3)`` in
        metres from the middle of the hips, x right, y down, z away.

    Raises
    ------
    FileFormatError
        Naming the file and the frame.
    ImportError
        Without the package pose-format: ``pip install "liftz[pose]"``.

    References
    ----------
    The format: https://github.com/sign-language-processing/pose/blob/master/docs/specs/v0.2.md

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from liftz.io import read_pose, write_pose
    >>> from liftz.skeletons import OPENPOSE_137
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "hello.pose")
    ...     write_pose(path, [np.full((4, 137, 2), 7.0)], [np.full((4, 137), 3.0)], skeleton=OPENPOSE_137, fps=25,
    ...                image_size=(640, 480))
    ...     data = read_pose(path)
    >>> data.X[0].shape, data.y[0][0, 0], data.fps, data.image_size
    ((4, 137, 3), np.float32(3.0), 25.0, (640, 480))
    """
    path = Path(path)
    header, fps, data, confidence = read_whole(path)
    points, world, skeleton = _arranged(path, header, data, confidence)
    width, height = header.dimensions.width, header.dimensions.height
    has_z = points.shape[-1] == 4
    if has_z and skeleton == MEDIAPIPE_HOLISTIC:
        moved = _check_z(path, points, width if z_width is None else None)
        z_width = width if z_width is None else z_width
        if not 0 < z_width < np.inf:
            raise FileFormatError(path, f"z is in widths of the picture, and that is {z_width} px; say z_width=...")
        points[..., 2] *= z_width
        # What was moved or scaled is no longer in metres.
        world = None if world is None or moved or not width * height else world / (width, height, 1)
    clip = np.delete(points, 2, axis=-1) if has_z else points
    frames = ~np.isnan(clip[..., 0]).all(axis=-1)
    persons = [i for i in range(clip.shape[1]) if frames[:, i].sum() >= max(1, min_frames)]
    if not persons:
        raise FileFormatError(path, f"shows nobody in at least {max(1, min_frames)} of its {len(clip)} frames")
    more = {} if world is None else {"world": to_object_array([world[:, i].astype(np.float32) for i in persons])}
    return as_bunch([clip[:, i].astype(np.float32) for i in persons], skeleton, recordings=[path.stem] * len(persons),
                    units="px", fps=fps, image_size=(width, height) if width and height else None,
                    y=[points[:, i, :, 2].astype(np.float32) for i in persons] if has_z else None,
                    persons=np.array(persons), **more)


def write_pose(path, X, y=None, *, skeleton, fps, image_size):
    """Write a ``.pose`` file that pose-format's readers and viewers take: x and y, and z where depths are given.

    Parameters
    ----------
    path : str or path-like
    X : sequence of clips ``(n_frames, n_keypoints, 2 or 3)``
        Pixels, y down, and a confidence; a clip for each person, equally long. Without a confidence, what is seen
        has 1.
    y : sequence of depths ``(n_frames, n_keypoints)``, optional
        In px, away from the camera. A keypoint whose depth is NaN is written as not seen, as a file has one confidence
        for all three; so is one whose confidence is 0. A warning tells how many.
    skeleton : Skeleton
        ``OPENPOSE_137``, ``MEDIAPIPE_HOLISTIC`` or ``COCO_WHOLEBODY_133``; `convert` brings others there.
        MediaPipe's z is written as MediaPipe gives it, in widths of the picture.
    fps : float
    image_size : (int, int)
        Width and height in px.

    Raises
    ------
    ValueError
        If the clips are not the skeleton's, or the skeleton has no layout of ``.pose``.
    ImportError
        Without the package pose-format: ``pip install "liftz[pose]"``.
    """
    package = pose_format()
    layout = next((layout for layout in LAYOUTS if layout.skeleton.keypoints == skeleton.keypoints), None)
    if layout is None:
        names = ", ".join(layout.skeleton.name for layout in LAYOUTS)
        raise ValueError(f"{skeleton.name} has no layout of .pose; {names} have one, and liftz.conversion converts")
    X = check_sequences(X, skeleton=skeleton, allow_unseen=True)
    if len({len(clip) for clip in X}) > 1:
        raise ValueError(f"persons of one .pose file have equally many frames, got {[len(clip) for clip in X]}")
    if not 0 < fps <= MOST_FPS:
        raise ValueError(f"fps must be above 0 and at most {MOST_FPS}, got {fps!r}")
    if not (len(image_size) == 2 and all(side == int(side) and 0 < side < 2**16 for side in image_size)):
        raise ValueError(f"image_size must be a width and a height in whole pixels below 65536, got {image_size!r}")
    points = np.stack([clip[..., :2] for clip in X], axis=1)
    confidence = np.stack([clip[..., 2] if clip.shape[2] == 3 else np.ones(clip.shape[:2]) for clip in X], axis=1)
    visible = np.stack([seen(clip) for clip in X], axis=1)
    if y is not None:
        _, y = check_sequences(X, y, skeleton=skeleton, allow_unseen=True)
        depth = np.stack(list(y), axis=1)[..., None]
        points = np.concatenate([points, depth / image_size[0] if layout.z_in_widths else depth], axis=-1)
        confidence = np.where(np.isnan(depth[..., 0]), 0, confidence)
    confidence = np.where(visible, confidence, 0).astype(np.float32)
    lost = int((visible & ~(confidence > 0)).sum())
    if lost:
        warnings.warn(f"{path}: {lost} of {visible.sum()} keypoints have x and y, but no depth or a confidence of 0: "
                      f"written as not seen", stacklevel=2)
    points = np.where(confidence[..., None] > 0, points, 0).astype(np.float32)
    header = package.pose_header.PoseHeader(
        0.2, package.pose_header.PoseHeaderDimensions(*map(int, image_size)),
        components(layout, "XYC" if y is None else "XYZC"))
    body = package.numpy.NumPyPoseBody(float(fps), points, confidence)
    with atomic_write(path) as file:
        package.Pose(header, body).write(file)


def _arranged(path, header, data, confidence):
    """Points in a skeleton's order, ``(n_frames, n_people, n_keypoints, 3 or 4)``, the confidence last and what is
    not seen NaN; MediaPipe's world landmarks or None; the skeleton.
    """
    unseen = ~(confidence > 0)
    with np.errstate(invalid="ignore"):  # NaN of every kind
        known = np.concatenate([data, np.minimum(confidence, 1)[..., None]], axis=-1, dtype=np.float64)
    for bad in (~(abs(confidence) < FARTHEST), ~unseen & (abs(data) > FARTHEST).any(axis=-1)):
        if bad.any():
            frame, person, point = np.argwhere(bad)[0]
            raise FileFormatError(path, f"point {point} of person {person}: {known[frame, person, point].tolist()}; "
                                        f"expected pixels and a confidence", int(frame))
    known[unseen, :-1] = np.nan
    known[np.isnan(known).any(axis=-1)] = (*[np.nan] * data.shape[-1], 0)
    layout = layout_of(path, header)
    source, target = picked(path, header, layout)
    points = np.full((*known.shape[:2], len(layout.skeleton), known.shape[-1]), np.nan)
    points[..., -1] = 0
    points[:, :, target] = known[:, :, source]
    world_source, world_target = picked(path, header, WORLD)
    world = None
    if len(world_source) and data.shape[-1] == 3:
        world = np.full((*known.shape[:2], len(WORLD.skeleton), 3), np.nan)
        world[:, :, world_target] = known[:, :, world_source, :3]
    return points, world, layout.skeleton


def _check_z(path, points, width):
    """Whether z was moved: MediaPipe's begins at the wrists and between the hips."""
    regions = ("body", "left_hand", "right_hand")
    starts = [points[:, :, MEDIAPIPE_HOLISTIC.root_indices(region), 2].mean(axis=-1) for region in regions]
    starts = [abs(start[~np.isnan(start)]) for start in starts]
    moved = any(len(start) and np.median(start) > 0.05 for start in starts)
    if moved and width is not None:
        warnings.warn(f"{path}: the pose was moved since MediaPipe estimated it, so the width of its picture, which z "
                      f"counts in, need not be the header's {width} px; z_width=... sets it", stacklevel=3)
    return moved
