#!/bin/sh
# A smaller test suite on every other Python that is installed: test_versions.sh [VERSION ...]
# Imports, the public door, index numbers and event studies, with the packages of requirements.lock.
set -eu
cd "$(dirname "$0")/.."

find_python() {
    found=$(uv python find --offline "$1" 2>/dev/null || true)
    for python in "python$1" "$HOME"/.pyenv/versions/"$1".*/bin/python "$found"; do
        if "$python" -c "import venv" 2>/dev/null; then echo "$python"; return; fi
    done
    return 1
}

for version in ${*:-3.12 3.13}; do
    if ! python=$(find_python "$version"); then
        echo "Python $version is not installed here: skipped."
        continue
    fi
    venv=.venv.$version
    if [ ! -e "$venv/.ready" ] || [ requirements.lock -nt "$venv/.ready" ]; then
        "$python" -m venv "$venv"
        # The project itself has no digest, so the versions alone are taken from the lock here.
        sed -n 's/ *\\$//; /==/p' requirements.lock > "$venv/versions.txt"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
            -c "$venv/versions.txt" -e ".[garch,large]" pytest hypothesis
        touch "$venv/.ready"
    fi
    echo "Python $version:"
    "$venv/bin/python" -m pytest -q -p no:cacheprovider -m "not slow" \
        tests/test_door.py tests/prices/index tests/eventstudy
done
