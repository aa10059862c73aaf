#!/bin/sh
# Prepare the environment: setup_env.sh PYTHON VENV
# uv when it is there, plain venv and pip otherwise. Versions and digests come from requirements.lock.
set -eu
python=$1
venv=$2

if ! "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
    echo "undercut needs Python 3.11, 3.12 or 3.13; '$python' is $("$python" --version 2>&1 || echo missing)." >&2
    echo "Name another one: make PYTHON=/path/to/python3.12 ..." >&2
    exit 1
fi

echo "Preparing $venv (once; about a minute with pip, seconds with uv) ..."
if command -v uv >/dev/null 2>&1; then
    # Without bytecode every first import stays slow.
    uv venv --quiet --allow-existing --python "$python" "$venv"
    if VIRTUAL_ENV=$venv uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock &&
       VIRTUAL_ENV=$venv uv pip install --quiet --no-build-isolation --no-deps -e .; then
        exit 0
    fi
    echo "uv could not install the locked packages; trying pip." >&2
fi
"$python" -m venv "$venv" || {
    echo "'$python -m venv' failed: install your system's python3-venv package and run make again." >&2
    exit 1
}
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
