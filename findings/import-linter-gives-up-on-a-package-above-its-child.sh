#!/bin/sh
# import-linter 2.16: a layers contract that lists a package and one of its own modules ends the whole run with
# "Modules have shared descendants.": without the contract's name or the modules', and without a word of the other
# contracts, kept or broken. Seen on 2026-12-01:
#   with shop and shop.store in one contract: exit 1, "Modules have shared descendants.", 0 contracts reported
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check import-linter==2.16
mkdir -p "$folder/shop/store"
touch "$folder/shop/__init__.py" "$folder/shop/store/__init__.py" "$folder/shop/front.py"
cat >"$folder/.importlinter" <<'INI'
[importlinter]
root_package = shop

[importlinter:contract:other]
name = the store knows no front
type = forbidden
source_modules = shop.store
forbidden_modules = shop.front

[importlinter:contract:layers]
name = the shop above its store
type = layers
layers =
    shop
    shop.store
INI
cd "$folder"
status=0
PYTHONPATH=. "$folder/venv/bin/lint-imports" --no-cache >output 2>&1 || status=$?
told=$(tail -1 output)
reported=$(grep -c 'KEPT\|BROKEN\|the shop above its store' output || true)
echo "with shop and shop.store in one contract: exit $status, \"$told\", $reported contracts reported"
[ "$status" = 1 ] && [ "$told" = "Modules have shared descendants." ] && [ "$reported" = 0 ] || {
    echo "this has changed" >&2
    exit 1
}
