#!/bin/bash
# The checks and tests of `make test`; with the argument `all` those of `make test-all`.
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=scripts/steps.sh
. scripts/steps.sh

cargo=${CARGO:-cargo}
# Cargo sets it for what it runs.
unset CARGO
extent=${1:-usual}

has() {
    "$cargo" "$1" --version >/dev/null 2>&1
}

# The features of a package, without `default`.
features() {
    awk '/^\[/ { inside = $0 == "[features]" } inside && /^[a-z0-9_-]+ *=/ { sub(/ *=.*/, ""); print }' \
        "$1/Cargo.toml" | grep -vx default
}

# Each feature alone must compile, without warnings where clippy is there to refuse them.
check_features() {
    local package=$1 feature
    check "$package" --no-default-features
    check "$package"
    for feature in $(features "$package"); do
        check "$package" --no-default-features --features "$feature"
    done
}

check() {
    local package=$1
    shift
    echo "-- $package ${*:-with its default features}"
    if has clippy; then
        "$cargo" clippy --locked --quiet -p "$package" "$@" -- -D warnings
    else
        "$cargo" check --locked --quiet -p "$package" "$@"
    fi
}

fuzz() {
    local target
    (cd fuzz && "$cargo" +nightly fuzz build)
    for target in fuzz/fuzz_targets/*.rs; do
        target=$(basename "$target" .rs)
        echo "-- $target"
        (cd fuzz && "$cargo" +nightly fuzz run "$target" -- -max_total_time="${FUZZ_SECONDS:-60}" -rss_limit_mb=4096)
    done
}

if has fmt; then
    step 'format' "$cargo" fmt --all --check
else
    not_run 'format' 'rustfmt is not installed'
fi
if has clippy; then
    step 'clippy' "$cargo" clippy --locked --workspace --all-targets -- -D warnings
else
    not_run 'clippy' 'clippy is not installed'
fi
if [ "$extent" = all ]; then
    export MENTAT_TEST_LONG=1
    # Suites that miss it still say that they are not run.
    CARGO=$cargo scripts/deps.sh all || true
else
    not_run 'long suites' 'they are part of make test-all'
fi
# Programs, unit, integration and documentation tests, and the rules of the workspace.
step 'tests' "$cargo" test --locked --workspace
step 'documentation' env RUSTDOCFLAGS=-Dwarnings "$cargo" doc --locked --workspace --no-deps
step 'features of mentat-filter' check_features mentat-filter
step 'features of mentat-core' check_features mentat-core
if has deny; then
    step 'licences and sources' "$cargo" deny --workspace check bans licenses sources
else
    not_run 'licences and sources' 'cargo-deny is not installed'
fi
if [ "$extent" = all ]; then
    if has deny; then
        step 'advisories' "$cargo" deny --workspace check advisories
    else
        not_run 'advisories' 'cargo-deny is not installed'
    fi
    if ! has fuzz; then
        not_run 'fuzzing' 'cargo-fuzz is not installed'
    elif ! "$cargo" +nightly --version >/dev/null 2>&1; then
        not_run 'fuzzing' 'there is no nightly toolchain'
    else
        step 'fuzzing' fuzz
    fi
fi
finish
