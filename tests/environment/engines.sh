# Starts the Docker engines that the tests use, each private to one run. Sourced.
#
# `engine` is the one that this machine's packages bring. The newer one is unpacked from the next
# release of Debian into a folder (.ci/newer-engine) and runs twice: with its classic image store
# and with the store of containerd, which gives images other IDs.

# Exports KEEPDOCKER_TEST_DOCKER_HOST, KEEPDOCKER_TEST_NEWER_DOCKER_HOST and
# KEEPDOCKER_TEST_CONTAINERD_DOCKER_HOST for those that start.
engines_start() {
    engines_possible || return
    local newer=$newer_engine_folder/root
    if [[ -e $newer_engine_folder/complete ]]; then
        mkdir -p "$parts/newer"
        # Which of the two is the default depends on the version.
        echo '{"features": {"containerd-snapshotter": false}}' >"$parts/newer/newer-engine.json"
        echo '{"features": {"containerd-snapshotter": true}}' >"$parts/newer/containerd-engine.json"
        engine_spawn_in "$newer" newer-engine
        engine_spawn_in "$newer" containerd-engine
    else
        parts_missing newer-engine "as root, .ci/newer-engine unpacks one"
    fi
    engine_start
    [[ -e $newer_engine_folder/complete ]] || return
    if engine_await newer-engine "$parts/newer/newer-engine.sock"; then
        export KEEPDOCKER_TEST_NEWER_DOCKER_HOST=unix://$parts/newer/newer-engine.sock
    fi
    if engine_await containerd-engine "$parts/newer/containerd-engine.sock"; then
        export KEEPDOCKER_TEST_CONTAINERD_DOCKER_HOST=unix://$parts/newer/containerd-engine.sock
    fi
}

# Starts the one engine of this machine's packages, and exports KEEPDOCKER_TEST_DOCKER_HOST.
engine_start() {
    engines_possible || return
    echo '{}' >"$parts/engine.json"
    parts_spawn engine "$(engine_program)" $(engine_options "$parts" engine)
    if engine_await engine "$parts/engine.sock"; then
        export KEEPDOCKER_TEST_DOCKER_HOST=unix://$parts/engine.sock
    fi
}

# Tells whether engines can run here, and notes them as missing if not.
engines_possible() {
    if ! command -v docker >/dev/null || ! engine_program >/dev/null; then
        parts_missing engine "docker and dockerd are not installed"
        return 1
    fi
    if ((EUID != 0)); then
        parts_missing engine "starting a private one needs root"
        return 1
    fi
}

# Prints where dockerd is; it is often outside of a user's search path.
engine_program() {
    PATH=$PATH:/usr/sbin:/sbin command -v dockerd
}

# Prints the options that keep an engine apart from every other: folders, socket, names in
# containerd, and no change of this machine's network.
engine_options() {
    local folder=$1 name=$2
    echo "--config-file $folder/$name.json --host unix://$folder/$name.sock" \
        "--data-root $folder/$name.data --exec-root $folder/$name.exec --pidfile $folder/$name.pid" \
        "--containerd-namespace keepdocker-$name --containerd-plugins-namespace keepdocker-$name-plugins" \
        "--bridge none --iptables=false --ip6tables=false"
}

# Runs the engine of another root folder. It sees the folder of this run as /parts.
engine_spawn_in() {
    local root=$1 name=$2
    parts_spawn "$name" sh -euc '
        root=$1 folder=$2
        shift 2
        # The new root must be a mount point, or runc could not leave it behind.
        mount --bind "$root" "$root"
        mount --bind "$folder" "$root/parts"
        for tree in dev sys; do
            mount --rbind "/$tree" "$root/$tree"
        done
        mount -t proc proc "$root/proc"
        mount -t tmpfs tmpfs "$root/run"
        cd "$root"
        exec chroot . /usr/sbin/dockerd "$@"
    ' sh "$root" "$parts/newer" $(engine_options /parts "$name")
}

engine_await() {
    parts_await "$1" 60 docker --host "unix://$2" version || return 1
    printf 'engine: %s: Docker %s\n' "$1" \
        "$(docker --host "unix://$2" version --format '{{.Server.Version}}')"
}
