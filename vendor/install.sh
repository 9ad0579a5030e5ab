#!/bin/sh
# Finds the packages saeinv is built from, and installs what is missing.
#   vendor/install.sh build [test] [dev] [web]   installs the missing ones of these groups
#   vendor/install.sh --check GROUP...     only says what is there; fails when something is missing
#   vendor/install.sh --names GROUP...     the pkg-config modules of these groups
# On Debian and its relatives apt-get does the work, as root or through sudo. Elsewhere it prints
# what to type and stops. Nothing is downloaded when everything is present.
set -eu
cd "$(dirname "$0")"
CC=${CC:-cc}

usage() {
    echo "usage: vendor/install.sh [--check | --names] GROUP... (build, test, dev, web)" >&2
    exit 2
}

# rows GROUP...: the table's lines of these groups, in the table's order, without blanks.
rows() {
    for group; do
        sed -e 's/#.*//' -e 's/[[:space:]]*|[[:space:]]*/|/g' -e 's/[[:space:]]*$//' packages.txt |
            grep "^$group|"
    done
}

# present HOW: is this package usable now?
present() {
    case $1 in
    pc:*) pkg-config --exists "${1#pc:}" 2>/dev/null ;;
    compiler) command -v "${CC%% *}" >/dev/null 2>&1 ;;
    cmd:*) command -v "${1#cmd:}" >/dev/null 2>&1 ;;
    file:*) [ -e "${1#file:}" ] ;;
    esac
}

# missing COLUMN: the names in that column of every row on stdin that is not present.
missing() {
    while IFS= read -r row; do
        how=$(printf '%s' "$row" | cut -d'|' -f2)
        present "$how" || printf '%s ' "$(printf '%s' "$row" | cut -d'|' -f"$1")"
    done
}

print_table() {
    rows "$@" | while IFS='|' read -r group how debian _; do
        state=missing
        if present "$how"; then
            state=found
            case $how in pc:*) state="found $(pkg-config --modversion "${how#pc:}")" ;; esac
        fi
        printf '%-6s %-16s %s\n' "$group" "$debian" "$state"
    done
}

# as_root COMMAND...: runs it as root, saying so when it cannot.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        echo "saeinv: these packages are missing and neither root nor sudo is at hand." >&2
        echo "Run this as root:  $*" >&2
        exit 1
    fi
}

install_with_apt() {
    # shellcheck disable=SC2046  # package names have no blanks: one word each
    set -- $(rows "$@" | missing 3)
    echo "saeinv: installing with apt-get: $*" >&2
    set -- env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
    # The package lists of a fresh container are empty, or stale: refreshed only when needed.
    ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 && as_root "$@" >&2 && return
    as_root apt-get update >&2 && as_root "$@" >&2
}

print_commands() {
    {
        echo "saeinv: packages are missing. Install them, then run the same command again:"
        echo "  Debian, Ubuntu   apt-get install $(rows "$@" | missing 3)"
        echo "  Fedora           dnf install $(rows "$@" | missing 4)"
        echo "  Arch             pacman -S $(rows "$@" | missing 5)"
        echo "  macOS            brew install $(rows "$@" | missing 6)"
    } >&2
}

mode=install
case ${1-} in
--check | --names) mode=${1#--} && shift ;;
esac
[ $# -gt 0 ] || usage
for group; do
    case $group in build | test | dev | web) ;; *) usage ;; esac
done

case $mode in
names) rows "$@" | sed -n 's/^[^|]*|pc:\([^|]*\)|.*/\1/p' && exit 0 ;;
check) print_table "$@" ;;
esac
[ -n "$(rows "$@" | missing 2)" ] || exit 0
[ "$mode" = install ] || exit 1
if ! command -v apt-get >/dev/null 2>&1; then
    print_commands "$@"
    exit 1
fi
install_with_apt "$@"
still=$(rows "$@" | missing 3)
if [ -n "$still" ]; then
    echo "saeinv: apt-get ran, but these are still not found: $still" >&2
    exit 1
fi
