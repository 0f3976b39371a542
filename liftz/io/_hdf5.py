"""HDF5 files, opened so that nothing but a clear error comes of a broken one."""

from __future__ import annotations

import math
from contextlib import contextmanager

import numpy as np

from liftz._files import FileFormatError

__all__ = ["MAGIC", "attribute", "dataset", "is_hdf5", "opened"]

MAGIC = b"\x89HDF\r\n\x1a\n"
MOST_PACKED = 1100  # times that zeros become smaller in gzip


def is_hdf5(path):
    """Whether the file begins as HDF5 does."""
    try:
        with open(path, "rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError as error:
        raise FileFormatError(path, f"cannot be read: {error.strerror}") from error


@contextmanager
def opened(path):
    """The file as h5py's, for reading; what goes wrong inside is told as this file's error."""
    try:
        import h5py
    except ImportError as error:
        raise ImportError(f'{path}: reading HDF5 needs h5py: pip install "liftz[h5]"') from error

    try:
        with h5py.File(path, "r") as file:
            yield file
    except FileFormatError:
        raise
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, AttributeError, OverflowError, MemoryError,
            NotImplementedError) as error:
        raise FileFormatError(path, f"is no whole HDF5 file: {str(error)[:200]}") from None


def dataset(group, name, path, ndim=None):
    """A dataset as an array."""
    found = group.get(name)
    if found is None or not hasattr(found, "shape"):
        raise FileFormatError(path, f"has no dataset {group.name.rstrip('/')}/{name}")
    if ndim is not None and len(found.shape or ()) != ndim:
        raise FileFormatError(path, f"{found.name} has shape {found.shape}, expected {ndim} axes")
    if found.shape is None:
        raise FileFormatError(path, f"{found.name} is empty")
    # A number's type may be damaged too, and all numbers with it.
    if found.dtype.kind in "fiuV" and not _types().py_create(found.dtype).equal(found.id.get_type()):
        raise FileFormatError(path, f"{found.name} has numbers of a type that is none of numpy's")
    # What is not there would be read as zeros, and as many of them as a broken header says.
    stored, expected = found.id.get_storage_size(), found.nbytes
    if found.chunks is not None:
        chunks: list = []
        found.id.chunk_iter(lambda info: chunks.append((info.chunk_offset, info.filter_mask)))
        n_chunks = math.prod(-(-n // chunk) for n, chunk in zip(found.shape, found.chunks, strict=True))
        if len(chunks) != n_chunks or len(set(chunks)) < n_chunks or not all(
                mask == 0 and all(place < n and place % chunk == 0
                                  for place, n, chunk in zip(offset, found.shape, found.chunks, strict=True))
                for offset, mask in chunks):
            raise FileFormatError(path, f"{found.name} lacks some of its {n_chunks} chunks")
        for offset, _ in chunks:
            found.id.read_direct_chunk(offset)  # fails where a broken index hides the chunk from those who ask for it
    if stored * (MOST_PACKED if found.compression else 1) < expected:
        raise FileFormatError(path, f"{found.name} says it has {expected} bytes, and {stored} are stored")
    return np.asarray(found[...])


def _types():
    import h5py

    return h5py.h5t


def attribute(group, name, path):
    """An attribute as bytes."""
    value = group.attrs.get(name)
    if isinstance(value, str):
        value = value.encode()
    if not isinstance(value, bytes):
        raise FileFormatError(path, f"{group.name} has no attribute {name} of text")
    return bytes(value)
