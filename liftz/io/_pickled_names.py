"""The names of columns, which pandas pickles into HDF5 files: read as the text they are, by no unpickler.

A pickle may ask for any code to be run, and a damaged one for any amount of memory.
"""

from __future__ import annotations

import pickletools

from liftz._files import FileFormatError

__all__ = ["pickled_names"]

MARK = object()


def pickled_names(content, path):
    """The list of tuples of strings in a pickle of any protocol."""
    try:
        names = _built(content)
    except (ValueError, IndexError, KeyError, AttributeError, TypeError) as error:
        raise FileFormatError(path, f"the names of its columns cannot be read: {error!r}"[:200]) from None
    if not (type(names) is list and names and all(
            type(column) is tuple and all(type(name) is str for name in column) for column in names)):
        raise FileFormatError(path, "the names of its columns are no list of tuples of text")
    return names


def _built(content):
    stack: list = []
    memo: dict = {}

    def since_mark():
        at = len(stack) - 1 - stack[::-1].index(MARK)
        items = stack[at + 1:]
        del stack[at:]
        return items

    for operation, argument, _ in pickletools.genops(content):
        match operation.name:
            case "PROTO" | "FRAME":
                pass
            case "MARK":
                stack.append(MARK)
            case "UNICODE" | "BINUNICODE" | "SHORT_BINUNICODE":
                stack.append(argument)
            case "LIST":
                stack.append(since_mark())
            case "EMPTY_LIST":
                stack.append([])
            case "TUPLE":
                stack.append(tuple(since_mark()))
            case "TUPLE3":
                stack[-3:] = [tuple(stack[-3:])]
            case "APPEND":
                item = stack.pop()
                stack[-1].append(item)
            case "APPENDS":
                items = since_mark()
                stack[-1].extend(items)
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                memo[argument] = stack[-1]
            case "MEMOIZE":
                memo[len(memo)] = stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                stack.append(memo[argument])
            case "STOP":
                return stack.pop()
            case other:
                raise ValueError(f"a pickle with {other}")
    raise ValueError("a pickle that does not stop")
