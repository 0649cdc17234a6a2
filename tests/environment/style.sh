# Finds or installs what looks for misspelt words, and what reads the justfile. Sourced.

# Exports KEEPDOCKER_STYLE to a folder with typos and just. Installing needs python3 with venv and a package index.
style_prepare() {
    if [[ -z ${KEEPDOCKER_STYLE:-} ]]; then
        if [[ ! -e $style_folder/complete ]] && ! style_install; then
            parts_missing "typos and just" "python3 with venv could not install them"
            return
        fi
        KEEPDOCKER_STYLE=$style_folder/bin
    fi
    export KEEPDOCKER_STYLE
}

style_install() {
    echo "installing typos and just into $style_folder"
    command -v python3 >/dev/null || return 1
    rm -rf "$style_folder"
    mkdir -p "$parts_folder"
    python3 -m venv "$style_folder" || return 1
    local try
    for try in 1 2 3; do
        if "$style_folder/bin/pip" install --quiet --disable-pip-version-check \
            "typos==$typos_version" "rust-just==$just_version"; then
            touch "$style_folder/complete"
            return 0
        fi
        sleep $((try * 5))
    done
    return 1
}
