# The parts that the tests run on: where they live, which are missing, how they end. Sourced.

# Makes the temporary folder that holds everything a part writes.
parts_prepare() {
    parts=$(mktemp -d "${TMPDIR:-/tmp}/keepdocker-parts.XXXXXX")
    missing=()
    part_pids=()
    part_groups=()
}

# Notes that a part cannot run here and prints one line that says why.
parts_missing() {
    missing+=("$1")
    printf 'missing: %s: %s\n' "$1" "$2"
}

# Notes the program as missing if it is not on the search path.
parts_require() {
    command -v "$1" >/dev/null || parts_missing "$1" "$2"
}

# Runs a service in the background so that nothing of it outlives this script, however that ends:
# the service gets process and mount namespaces of its own, and the kernel ends them with it.
parts_spawn() {
    local name=$1
    shift
    setsid setpriv --pdeathsig KILL \
        unshare --mount --propagation private --pid --fork --kill-child --mount-proc \
        "$@" >"$parts/$name.log" 2>&1 </dev/null &
    part_pids+=($!)
}

# Waits for a command to succeed: the name of the service and the seconds it may take come first.
parts_await() {
    local name=$1 seconds=$2 deadline=$((SECONDS + $2))
    shift 2
    until "$@" >/dev/null 2>&1; do
        if ((SECONDS >= deadline)); then
            parts_missing "$name" "it did not start within $seconds s; the end of its log:"
            tail -n 5 "$parts/$name.log" | sed 's/^/    /'
            return 1
        fi
        sleep 0.1
    done
}

# Ends every service, kindly first, and removes the temporary folder.
parts_stop() {
    local pid
    for pid in "${part_groups[@]}"; do
        kill -TERM -- "-$pid" 2>/dev/null
    done
    for pid in "${part_pids[@]}"; do
        pkill -TERM -P "$pid" 2>/dev/null
    done
    local deadline=$((SECONDS + 10))
    for pid in "${part_pids[@]}"; do
        while kill -0 "$pid" 2>/dev/null && ((SECONDS < deadline)); do
            sleep 0.1
        done
        kill -KILL "$pid" 2>/dev/null
    done
    wait 2>/dev/null
    rm -rf "$parts"
}
