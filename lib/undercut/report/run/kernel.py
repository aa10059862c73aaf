"""What does a notebook import and read? The kernel of every build, ``python -m undercut.report.run.kernel``.

It is Jupyter's Python kernel; after each cell it notes which modules of the project are loaded and which
files were opened, so that a later build knows what the report depends on.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

TRACE_VARIABLE = "UNDERCUT_TRACE"
PACKAGE = "undercut"
_PACKAGE_FOLDER = str(Path(__file__).resolve().parents[2]) + os.sep
_LIBRARIES = tuple(
    sysconfig.get_path(kind) + os.sep for kind in ("stdlib", "platstdlib", "purelib", "platlib")
)
_CODE_SUFFIXES = (".py", ".pyc", ".so", ".pth", ".ipynb")


class Trace:
    """Files that this process opens for reading, and the modules it has loaded."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._opened: set[str] = set()
        self._files: set[str] = set()
        self._names: set[str] = set()
        self._written = (0, 0)

    def watch(self) -> None:
        """Note every file opened from now on."""
        sys.addaudithook(self._notice)

    def _notice(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event != "open" or not isinstance(arguments[0], str | os.PathLike):
            return
        name, flags = os.fspath(arguments[0]), arguments[2]
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
        if not writes and isinstance(name, str) and not name.endswith(_CODE_SUFFIXES):
            self._opened.add(os.path.abspath(name))  # noqa: PTH100  (Path.resolve would open directories)

    def write(self, *_: Any) -> None:
        """Write what is known now; called after each cell, because a kernel may be ended at any time."""
        size = len(sys.modules), len(self._opened)
        if size == self._written:
            return
        new = {name: module for name, module in list(sys.modules.items()) if name not in self._names}
        self._names |= new.keys()
        files = (getattr(module, "__file__", None) for module in new.values())
        self._files |= {file for file in files if isinstance(file, str) and _is_own_code(file)}
        roots = {name.partition(".")[0] for name in self._names} - sys.stdlib_module_names
        text = json.dumps(
            {"opened": sorted(self._opened), "modules": sorted(self._files), "roots": sorted(roots)}
        )
        partial = self._path.with_name(self._path.name + ".part")
        partial.write_text(text, encoding="utf-8")
        partial.replace(self._path)
        self._written = size


def _is_own_code(file: str) -> bool:
    """Source of this package or of the project, not of Python or an installed library."""
    return file.endswith(".py") and (file.startswith(_PACKAGE_FOLDER) or not file.startswith(_LIBRARIES))


def _packed(message: Any) -> bytes:
    """The message as JSON, with a question mark for half a character, which jupyter_client's cannot send."""
    from jupyter_client.jsonutil import json_default
    from jupyter_client.session import json_packer

    try:
        text = json.dumps(message, default=json_default, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        return json_packer(message)
    return text.encode("utf-8", errors="replace")


def run_kernel(arguments: list[str]) -> None:
    """Be a kernel until it is told to end."""
    trace = Trace(Path(os.environ[TRACE_VARIABLE]))
    # The notebook imports our package afresh, so that only what it uses itself counts as used.
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    import zmq
    from ipykernel.kernelapp import IPKernelApp

    class TracedKernelApp(IPKernelApp):
        """Jupyter's own kernel; writes its trace after each cell, and loses no message."""

        def init_session(self) -> None:
            super().init_session()  # type: ignore[misc]
            self.session.pack = _packed

        def init_iopub(self, context: zmq.Context[Any]) -> None:
            context.setsockopt(zmq.SNDHWM, 0)  # else what a busy reader leaves waiting is thrown away
            super().init_iopub(context)  # type: ignore[no-untyped-call]

        def init_shell(self) -> None:
            super().init_shell()  # type: ignore[no-untyped-call]
            assert self.shell is not None
            self.shell.events.register("post_run_cell", trace.write)

    launcher = importlib.util.find_spec("ipykernel_launcher")
    sys.argv = [str(launcher and launcher.origin), *arguments]
    trace.watch()
    TracedKernelApp.launch_instance(arguments)


def forget_working_folder() -> None:
    """Undo what ``python -m`` does, as Jupyter's launcher does; the shell puts it back where it belongs."""
    if sys.path[0] == "" or Path(sys.path[0]) == Path.cwd():
        del sys.path[0]


if __name__ == "__main__":
    forget_working_folder()
    run_kernel(sys.argv[1:])
