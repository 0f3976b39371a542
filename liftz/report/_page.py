"""One page, one file: the style, the scripts and the clips are inside it, and nothing is fetched."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from string import Template

from .._files import atomic_write
from ._packing import to_script

__all__ = ["PLAYER", "facts_list", "write_page"]

PLAYER = files(__package__).joinpath("player.html").read_text(encoding="utf-8")


def write_page(path, title, body, data):
    """Write a page that holds the player, whole or not at all.

    Parameters
    ----------
    path : str or path-like
    title : str
        As text.
    body : str
        As HTML, with `PLAYER` in it once.
    data : dict
        What `player_data` made.
    """
    def asset(name):
        return files(__package__).joinpath(name).read_text(encoding="utf-8")

    page = Template(asset("page.html")).substitute(
        title=escape(title), style=asset("page.css"), body=body, clips=to_script(data),
        script=asset("space.js") + asset("player.js"))
    with atomic_write(path) as file:
        file.write(page.encode())


def facts_list(facts):
    """What is known of a page's data, name by name."""
    return "<dl>" + "".join(f"<dt>{escape(str(name))}</dt><dd>{escape(str(value))}</dd>"
                            for name, value in facts.items()) + "</dl>"
