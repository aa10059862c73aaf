"""How does a package offer its public names without loading them? By importing each when it is touched."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

_HELD = "_names_held_by_modules"


class _Room(ModuleType):
    """A package whose public names stand before its modules.

    The import system makes a module an attribute of its package; where a function has the name of its module
    (``prices.monthly_quotes``), the function is what the package offers.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (isinstance(value, ModuleType) and name in self.__dict__.get(_HELD, ())):
            super().__setattr__(name, value)


def offer(
    package: str, names: Mapping[str, str], modules: tuple[str, ...] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """The three names by which a package offers others: ``__getattr__``, ``__dir__`` and ``__all__``.

    Parameters
    ----------
    package : str
        Its ``__name__``.
    names : mapping of str to str
        Modules of the package (``"index.compute"``), each with the names that it holds, separated by blanks;
        ``new=old`` offers ``old`` under another name.
    modules : tuple of str
        Modules and packages inside it that are offered themselves.

    Examples
    --------
    >>> __getattr__, __dir__, __all__ = offer("undercut", {"errors": "DataError InputError"})
    >>> __all__, __getattr__("InputError").__name__
    (['DataError', 'InputError'], 'InputError')
    """
    pairs = [(module, *name.partition("=")) for module, held in names.items() for name in held.split()]
    where = {name: (f"{package}.{module}", held or name) for module, name, _, held in pairs}
    offered = sorted([*where, *modules])

    def __getattr__(name: str) -> Any:
        if name in where:
            module, held = where[name]
            return getattr(import_module(module), held)
        if name in modules:
            return import_module(f"{package}.{name}")
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        return offered

    room = sys.modules[package]
    room.__dict__[_HELD] = frozenset(where)
    room.__class__ = _Room
    return __getattr__, __dir__, offered
