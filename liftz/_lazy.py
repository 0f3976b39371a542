"""Public names that import their module when they are first asked for."""

from importlib import import_module

__all__ = ["lazy"]


def lazy(package, homes, names):
    """A package's ``__getattr__`` and ``__dir__``.

    Parameters
    ----------
    package : str
    homes : dict of str to str
        The package's module that has each name.
    names : list of str
        All of its public names.
    """
    def __getattr__(name):
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    return __getattr__, lambda: names
