"""Calibrated cameras, of Panoptic's files: where points of the world fall in a real picture."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from liftz._files import FileFormatError

__all__ = ["Camera", "read_calibration"]


@dataclass(frozen=True, eq=False)
class Camera:
    """A calibrated camera: where points of the world fall in its picture.

    A point of the world is ``R @ point + t`` in the camera's own axes: x to the right, y down, z away from it, in the
    world's unit. The lens moves it by OpenCV's five coefficients, k1, k2, p1, p2, k3.

    Parameters
    ----------
    name : str
    image_size : (int, int)
        Width and height in px.
    K : array of shape (3, 3)
        Focal lengths and the picture's centre, in px.
    distortion : array of shape (5,)
        k1, k2, p1, p2, k3: radial, radial, tangential, tangential, radial. No unit.
    R : array of shape (3, 3)
        A rotation.
    t : array of shape (3,)
        In the world's unit.
    kind : str, default=""
        Such as ``"hd"``, ``"vga"`` and ``"kinect-color"``.

    Raises
    ------
    ValueError
        If these are no camera: other shapes, no numbers, no focal length, no rotation.

    Notes
    -----
    The model is that of OpenCV's ``projectPoints``, "Detailed Description" in
    https://docs.opencv.org/4.x/d9/d0c/group__calib3d.html, which this equals; only a skew in `K` (``K[0, 1]``), which
    OpenCV ignores, counts here.

    Examples
    --------
    >>> import numpy as np
    >>> from liftz.datasets.cameras import Camera
    >>> camera = Camera("front", (1920, 1080), K=[[1400, 0, 960], [0, 1400, 540], [0, 0, 1]],
    ...                 distortion=[-0.2, 0.1, 0, 0, 0], R=np.eye(3), t=[0, 0, 300])
    >>> camera.project([[0.0, 0.0, 0.0], [60.0, 0.0, 0.0]])
    array([[ 960.    ,  540.    ],
           [1237.8048,  540.    ]])
    """

    name: str
    image_size: tuple[int, int]
    K: np.ndarray
    distortion: np.ndarray
    R: np.ndarray
    t: np.ndarray
    kind: str = ""

    def __post_init__(self):
        for attribute, shape in (("image_size", (2,)), ("K", (3, 3)), ("distortion", (5,)), ("R", (3, 3)), ("t", (3,))):
            try:
                value = np.array(getattr(self, attribute), dtype=float)
            except (TypeError, ValueError, OverflowError) as error:
                raise ValueError(f"camera {self.name!r}, {attribute}: {error}") from None
            if attribute == "t":
                value = value.reshape(-1)  # a column, as Panoptic writes it
            if value.shape != shape or not np.isfinite(value).all():
                raise ValueError(f"camera {self.name!r}, {attribute}: expected finite numbers of shape {shape}, got "
                                 f"{getattr(self, attribute)!r}")
            object.__setattr__(self, attribute, value)
        width, height = self.image_size
        object.__setattr__(self, "image_size", (int(width), int(height)))
        if not (min(self.image_size) > 0 and self.image_size == (width, height)):
            raise ValueError(f"camera {self.name!r}, image_size: expected whole px above 0, got {width:g} x {height:g}")
        if not (self.K[0, 0] > 0 and self.K[1, 1] > 0 and self.K[1, 0] == 0 and (self.K[2] == (0, 0, 1)).all()):
            raise ValueError(f"camera {self.name!r}, K: expected [[fx, skew, cx], [0, fy, cy], [0, 0, 1]] with focal "
                             f"lengths above 0, got {self.K.tolist()}")
        if not (np.allclose(self.R @ self.R.T, np.eye(3), atol=1e-3) and np.linalg.det(self.R) > 0):
            raise ValueError(f"camera {self.name!r}, R: expected a rotation, got {self.R.tolist()}")

    def to_camera(self, points):
        """Points of the world in the camera's axes, ``(..., 3)``; the third is the depth, in the world's unit."""
        return np.asarray(points, dtype=float) @ self.R.T + self.t

    def project(self, points):
        """Where points of the world fall, in px of the picture, x to the right and y down from its top left.

        Parameters
        ----------
        points : array of shape (..., 3)
            In the world's unit.

        Returns
        -------
        array of shape (..., 2)
            NaN for points that are NaN, or not in front of the camera. Points beside the picture have pixels beside
            it; far beside it, where the lens' polynomial turns back, they may seem to be in it: see `sees`.
        """
        points = np.asarray(points, dtype=float)
        if points.ndim == 0 or points.shape[-1] != 3:
            raise ValueError(f"points have shape {points.shape}, expected (..., 3)")
        x, y, r2 = self._on_plane(self.to_camera(points))
        k1, k2, p1, p2, k3 = self.distortion
        with np.errstate(over="ignore", invalid="ignore"):  # next to the camera's own plane
            radial = 1 + r2 * (k1 + r2 * (k2 + r2 * k3))
            u = x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
            v = y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
            return np.stack([u, v, np.ones_like(u)], axis=-1) @ self.K[:2].T

    def sees(self, points):
        """Which points of the world are in the picture, ``(...)`` of bool: in front, within it, and where the lens
        still draws what is farther from the axis farther from the centre.
        """
        *_, r2 = self._on_plane(self.to_camera(points))
        within = np.append(self._turning_points(), np.inf).min()
        u, v = np.moveaxis(self.project(points), -1, 0)
        width, height = self.image_size
        return (r2 < within) & (u >= 0) & (u < width) & (v >= 0) & (v < height)

    def _on_plane(self, points):
        """x / z, y / z and their squared distance from the axis; NaN for what is not in front."""
        z = np.where(points[..., 2] > 0, points[..., 2], np.nan)
        with np.errstate(over="ignore"):
            x, y = points[..., 0] / z, points[..., 1] / z
        return x, y, x * x + y * y

    def _turning_points(self):
        """Squared distances from the axis where r (1 + k1 r^2 + k2 r^4 + k3 r^6) stops growing or shrinking."""
        k1, k2, _, _, k3 = self.distortion
        roots = np.roots([7 * k3, 5 * k2, 3 * k1, 1])
        return roots.real[(abs(roots.imag) < 1e-9) & (roots.real > 0)]


def read_calibration(path):
    """The cameras of a Panoptic recording.

    Parameters
    ----------
    path : str or path-like
        ``calibration_<recording>.json``, or the recording's folder that holds it.

    Returns
    -------
    dict of str to Camera
        By name, such as ``"00_21"``; the world's unit is cm. Those of `kind` "hd" filmed what `load_panoptic` reads.

    Raises
    ------
    FileFormatError
        Naming the file and the camera.
    """
    path = Path(path)
    if path.is_dir():
        path = path / f"calibration_{path.name}.json"

    def refuse(constant):
        raise ValueError(f"{constant} is no number")

    try:
        content = json.loads(path.read_bytes(), parse_constant=refuse)
    except OSError as error:
        raise FileFormatError(path, f"cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise FileFormatError(path, f"is no JSON: {error}") from None
    entries = content.get("cameras") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise FileFormatError(path, "has no list of cameras; expected an object with \"cameras\": [...]")
    cameras: dict[str, Camera] = {}
    for i, entry in enumerate(entries):
        wanted = ("name", "resolution", "K", "distCoef", "R", "t")
        if not isinstance(entry, dict) or any(key not in entry for key in wanted):
            raise FileFormatError(path, f"camera {i}: expected {', '.join(wanted)}, got "
                                        f"{', '.join(entry) if isinstance(entry, dict) else type(entry).__name__}")
        if entry["name"] in cameras or not isinstance(entry["name"], str):
            raise FileFormatError(path, f"camera {i}: expected a name of its own, got {entry['name']!r}")
        try:
            cameras[entry["name"]] = Camera(entry["name"], entry["resolution"], entry["K"], entry["distCoef"],
                                            entry["R"], entry["t"], str(entry.get("type", "")))
        except ValueError as error:
            raise FileFormatError(path, str(error)) from None
    return cameras
