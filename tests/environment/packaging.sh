# Finds or installs what makes packages of a release and is in none of Debian's. Sourced.

# Exports KEEPDOCKER_PACKAGING to a virtual environment of Python with what packs wheels and packages for conda, and with a compiler
# for other architectures. Installing needs python3 with venv and a package index.
packaging_prepare() {
    if [[ -z ${KEEPDOCKER_PACKAGING:-} ]]; then
        if [[ ! -e $packaging_folder/complete ]] && ! packaging_install; then
            echo "missing: python3 with venv could not install what packs wheels and packages for conda" >&2
            return 1
        fi
        KEEPDOCKER_PACKAGING=$packaging_folder
    fi
    export KEEPDOCKER_PACKAGING
}

packaging_install() {
    echo "installing the tools of packaging into $packaging_folder"
    command -v python3 >/dev/null || return 1
    rm -rf "$packaging_folder"
    mkdir -p "$parts_folder"
    python3 -m venv "$packaging_folder" || return 1
    local try
    for try in 1 2 3; do
        if "$packaging_folder/bin/pip" install --quiet --disable-pip-version-check \
            "wheel==$wheel_version" "py-rattler-build==$rattler_build_version" \
            "ziglang==$ziglang_version" "cargo-zigbuild==$cargo_zigbuild_version"; then
            touch "$packaging_folder/complete"
            return 0
        fi
        sleep $((try * 5))
    done
    return 1
}
