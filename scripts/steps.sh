# shellcheck shell=bash
# Sourced by scripts that consist of steps (bash). Runs each, times it, stops at the first failure, and ends with the
# slowest steps and with what did not run.

step_names=()
step_seconds=()
steps_left_out=()
# Tests that find they cannot run append a line here, `name (why)`: what they print is not shown when they pass.
MENTAT_NOT_RUN=$(mktemp)
export MENTAT_NOT_RUN
trap 'rm -f "$MENTAT_NOT_RUN"' EXIT

# step NAME COMMAND [ARGUMENT...]
step() {
    local name=$1 start=$SECONDS status
    shift
    printf '\n== %s: %s\n' "$name" "$*"
    # The command's output passes through unchanged. Behind `||` a function would go on after a failed command.
    set +e
    (
        set -e
        "$@"
    )
    status=$?
    set -e
    step_names+=("$name")
    step_seconds+=($((SECONDS - start)))
    if [ "$status" -ne 0 ]; then
        finish
        printf 'FAILED: %s (exit status %s): %s\n' "$name" "$status" "$*" >&2
        exit "$status"
    fi
}

# not_run NAME WHY
not_run() {
    steps_left_out+=("$1 ($2)")
}

finish() {
    local i
    printf '\nslowest steps, of %s s altogether:\n' "$SECONDS"
    for i in "${!step_names[@]}"; do
        printf '%6s s  %s\n' "${step_seconds[$i]}" "${step_names[$i]}"
    done | sort -rn | head -n 8
    for i in "${!steps_left_out[@]}"; do
        printf 'not run: %s\n' "${steps_left_out[$i]}"
    done
    sort -u "$MENTAT_NOT_RUN" | sed 's/^/not run: /'
}
