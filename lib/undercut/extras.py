"""Which parts need a package that a plain install leaves out? Import it, or say how to get it."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from undercut.errors import MissingExtraError


def require(module: str, *, extra: str) -> ModuleType:
    """Import a package of an extra.

    Parameters
    ----------
    module : str
        What is imported, for example ``"pyblp"``.
    extra : str
        The extra that installs it, as in ``pip install undercut[demand]``.

    Raises
    ------
    MissingExtraError
        It is not installed.

    Examples
    --------
    >>> require("json", extra="demand").__name__
    'json'
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name and error.name != module.partition(".")[0]:
            raise  # something that the package itself needs
        raise MissingExtraError(
            f"This needs {module.partition('.')[0]}, which is not installed: pip install 'undercut[{extra}]'."
        ) from error
