# Finds or installs the runtimes that load the published components. Sourced.

# Exports KEEPDOCKER_RUNTIMES to a folder with wasmtime for Python in `python`, what packs wheels beside it, and jco for Node
# in `node_modules`. Installing needs python3 with venv, node, npm and package indexes.
runtimes_prepare() {
    if [[ -n ${KEEPDOCKER_RUNTIMES:-} ]]; then
        export KEEPDOCKER_RUNTIMES
        return
    fi
    if [[ ! -e $runtimes_folder/complete ]] && ! runtimes_install; then
        parts_missing "WebAssembly runtimes" \
            "python3 with venv, node and npm could not install wasmtime and jco"
        return
    fi
    export KEEPDOCKER_RUNTIMES=$runtimes_folder
}

runtimes_install() {
    echo "installing WebAssembly runtimes into $runtimes_folder"
    command -v python3 >/dev/null && command -v node >/dev/null && command -v npm >/dev/null || return 1
    rm -rf "$runtimes_folder"
    mkdir -p "$runtimes_folder"
    cp tests/embedding/node/package.json tests/embedding/node/package-lock.json "$runtimes_folder"
    python3 -m venv "$runtimes_folder/python" || return 1
    local try
    for try in 1 2 3; do
        if "$runtimes_folder/python/bin/pip" install --quiet --disable-pip-version-check \
            "wasmtime==$wasmtime_py_version" "wheel==$wheel_version" &&
            npm ci --prefix "$runtimes_folder" --silent --no-audit --no-fund; then
            touch "$runtimes_folder/complete"
            return 0
        fi
        sleep $((try * 5))
    done
    return 1
}
