#!/bin/sh
# Makes .venv/ from uv.lock, from a bare checkout: Python 3.11 to 3.13 on PATH is all it needs.
#
#   sh bootstrap/environment.sh          (make setup does it)
#
# uv comes from PATH, else from .uv/ in this folder, where it is installed with a venv, else with pip. Nothing outside
# this folder is written, so a read-only HOME is enough. PYTHON=/path/to/python names the interpreter to use.
set -eu

cd "$(dirname "$0")/.."
root=$(pwd)

# uv.lock was written by this series; what is older is passed over.
uv_least=0.13.0
uv_pin=0.13.9

# Imports take two to three times as long without bytecode.
unset PYTHONDONTWRITEBYTECODE VIRTUAL_ENV PYTHONHOME PYTHONPATH 2>/dev/null || true
export UV_CACHE_DIR="$root/.uv/cache"
export UV_PYTHON_DOWNLOADS=never
export UV_PYTHON_INSTALL_DIR="$root/.uv/python"
export UV_PROJECT_ENVIRONMENT="$root/.venv"
export UV_COMPILE_BYTECODE=1
export UV_NO_PROGRESS=1
# As pip does: behind a company's proxy the public authorities alone are not enough.
export UV_SYSTEM_CERTS=1
export PIP_CACHE_DIR="$root/.uv/cache/pip"
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '%s\n' "setup: $*" >&2; }

give_up() {
    say "$1"
    shift
    for line in "$@"; do printf '       %s\n' "$line" >&2; done
    exit 1
}

# Print the path of the first interpreter that fits. A pyenv shim that is not active fails its probe and is passed over.
find_python() {
    fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
    for candidate in ${PYTHON:-python3.11 python3.12 python3.13 python3 python}; do
        if "$candidate" -c "$fits" >/dev/null 2>&1; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    found=$("${PYTHON:-python3}" --version 2>&1 || true)
    give_up "no Python 3.11, 3.12 or 3.13 on PATH (found: ${found:-none}); Airflow runs on none other." \
        "On Debian 12 or newer: apt-get install python3 python3-venv" \
        "An interpreter elsewhere: make setup PYTHON=/path/to/python3.12"
}

is_new_enough() {
    version=$("$1" --version 2>/dev/null | awk '{print $2}') || return 1
    [ -n "$version" ] || return 1
    "$python" -c 'import re, sys
found, least = ([int(part) for part in re.findall(r"\d+", text)[:3]] for text in sys.argv[1:])
sys.exit(found < least)' "$version" "$uv_least"
}

# Print the path of a uv that can read the lock file, installing one into .uv/ when there is none.
find_uv() {
    for candidate in "$(command -v uv || true)" .uv/venv/bin/uv .uv/lib/bin/uv; do
        if [ -n "$candidate" ] && is_new_enough "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    if "$python" -c 'import ensurepip' >/dev/null 2>&1; then
        say "installing uv into .uv/venv"
        "$python" -m venv --clear .uv/venv >&2
        .uv/venv/bin/python -m pip install --quiet "uv==$uv_pin" >&2
        printf '%s\n' .uv/venv/bin/uv
    elif "$python" -m pip --version >/dev/null 2>&1; then
        say "installing uv into .uv/lib"
        "$python" -m pip install --quiet --upgrade --target .uv/lib "uv==$uv_pin" >&2
        printf '%s\n' .uv/lib/bin/uv
    else
        give_up "$python has neither ensurepip nor pip, and there is no uv on PATH." \
            "On Debian: apt-get install python3-venv     (or: apt-get install python3-pip)" \
            "Or put uv $uv_least or newer on PATH."
    fi
}

python=$(find_python)
uv=$(find_uv)
say "$("$python" --version) at $python, $("$uv" --version)"
# Quiet about the 200 packages, not about what goes wrong.
"$uv" sync --locked --quiet --python "$python"
say "the environment is in .venv/"
