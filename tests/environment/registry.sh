# Starts a container registry on the loopback interface. Sourced.

# Exports KEEPDOCKER_TEST_REGISTRY, a host and port that Docker trusts without TLS.
registry_start() {
    if ! command -v docker-registry >/dev/null; then
        parts_missing registry "docker-registry is not installed"
        return
    fi
    if ((EUID != 0)); then
        parts_missing registry "without root there is no engine that could use it"
        return
    fi
    local port=$((20000 + RANDOM % 20000))
    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        port=$((port + 1))
    done
    cat >"$parts/registry.yml" <<END
version: 0.1
storage:
  filesystem:
    rootdirectory: $parts/registry
  delete:
    enabled: true
http:
  addr: 127.0.0.1:$port
END
    parts_spawn registry docker-registry serve "$parts/registry.yml"
    if parts_await registry 30 bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"; then
        export KEEPDOCKER_TEST_REGISTRY=127.0.0.1:$port
        echo "registry: $KEEPDOCKER_TEST_REGISTRY"
    fi
}
