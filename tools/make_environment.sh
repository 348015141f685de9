#!/bin/sh
# make_environment.sh FOLDER [EXTRA]: a virtual environment with weft (editable), its extra, and the pinned versions.
# Needs only a Python of 3.11 or newer and a package registry.
set -eu
folder=$1
extra=${2:-}
least="import sys; sys.exit(sys.version_info < (3, 11))"

python=""
for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null 2>&1 && "$candidate" -c "$least" 2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "weft needs Python 3.11 or newer; found: $(${PYTHON:-python3} --version 2>&1 || echo none)." >&2
    echo "Install one, or name it: make PYTHON=/path/to/python3.12 env" >&2
    exit 2
fi

usable() { "$folder/bin/python" -c "$least" 2>/dev/null && "$folder/bin/python" -m pip --version >/dev/null 2>&1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null 2>&1; then sudo -n "$@"; else return 1; fi; }

if ! usable; then
    rm -rf "$folder"
    if ! "$python" -m venv "$folder" 2>/tmp/weft-venv.$$ || ! usable; then
        # Debian and Ubuntu ship python3 without venv.
        rm -rf "$folder"
        package="python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
        if command -v virtualenv >/dev/null 2>&1; then
            virtualenv -q -p "$python" "$folder"
        elif command -v apt-get >/dev/null 2>&1; then
            echo "this Python has no venv; installing $package"
            { as_root apt-get update -qq && as_root apt-get install -y -qq "$package" >/dev/null; } || true
            "$python" -m venv "$folder" || true
        fi
        if ! usable; then
            cat /tmp/weft-venv.$$ >&2 || true
            rm -f /tmp/weft-venv.$$
            echo "could not make a virtual environment with $python; on Debian or Ubuntu: apt-get install $package" >&2
            exit 2
        fi
    fi
    rm -f /tmp/weft-venv.$$
fi

echo "installing weft${extra:+ [$extra]} into $folder (a few minutes the first time)"
"$folder/bin/python" -m pip install -q --no-compile --disable-pip-version-check -c constraints.txt -e ".${extra:+[$extra]}"
# pip compiles on one core. Some packages carry files for other Pythons, which neither pip nor this can compile.
"$folder/bin/python" -m compileall -q -j 0 "$folder/lib" >/dev/null 2>&1 || true
