#!/bin/sh
# Sees to what building and testing need besides Cargo: a linker and PostgreSQL's server programs. Installs Debian's
# packages where that is allowed, else says which ones are missing and exits with 69 (EX_UNAVAILABLE).
set -eu

readonly unavailable=69
# `all` for what `make test-all` needs.
extent=${1:-usual}

has_linker() {
    command -v cc >/dev/null 2>&1
}

# Debian keeps the server's programs out of PATH.
has_postgres() {
    for dir in /usr/lib/postgresql/*/bin "$(pg_config --bindir 2>/dev/null || true)"; do
        if [ -x "$dir/postgres" ] && [ -x "$dir/initdb" ]; then
            return 0
        fi
    done
    command -v postgres >/dev/null 2>&1 && command -v initdb >/dev/null 2>&1
}

missing() {
    # What only the long suites need.
    [ "$extent" != all ] || command -v strace >/dev/null 2>&1 || printf 'strace '
    has_linker || printf 'gcc libc6-dev '
    has_postgres || printf 'postgresql '
}

# Runs a command as root, if that needs no password.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

may_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null
}

install_packages() {
    # Debian's package would set up and start a server of its own; the tests start theirs.
    config=/etc/postgresql-common/createcluster.conf
    case " $* " in
        *' postgresql '*)
            if [ ! -e "$config" ]; then
                as_root mkdir -p "${config%/*}"
                echo 'create_main_cluster = false' | as_root tee "$config" >/dev/null
            fi
            ;;
    esac
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update
    # The configuration file above is kept when the package brings its own.
    as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 \
        apt-get install -y --no-install-recommends "$@"
}

cargo=${CARGO:-cargo}
if ! command -v "$cargo" >/dev/null 2>&1; then
    echo "make: cargo is missing: install Rust 1.88 or newer from https://rustup.rs, or Debian's package" \
        "cargo where it is new enough" >&2
    exit "$unavailable"
fi

packages=$(missing)
if [ -z "$packages" ]; then
    exit 0
fi
if may_install; then
    echo "make: installing $packages" >&2
    # The names are words of their own.
    # shellcheck disable=SC2086
    install_packages $packages || true
    packages=$(missing)
fi
if [ -n "$packages" ]; then
    echo "make: missing Debian packages; as root: apt-get install --no-install-recommends ${packages% }" >&2
    exit "$unavailable"
fi
