# Completes the toolchain that rust-toolchain.toml pins, before anything is compiled. Sourced.

# rustup does this by itself, unless it is told not to (RUSTUP_AUTO_INSTALL=0) or another toolchain
# is chosen. A toolchain without rustup is taken as it is, if it has the targets.
toolchain_prepare() {
    local target program
    # Asked this way it answers at once, where it would begin to install without a word.
    if ! RUSTUP_AUTO_INSTALL=0 cargo --version >/dev/null 2>&1; then
        command -v rustup >/dev/null || toolchain_lacks "there is no cargo" || return
        rustup toolchain install --no-self-update || toolchain_lacks "rustup could not install the toolchain" || return
    fi
    for target in $(toolchain_list targets); do
        toolchain_has "$target" && continue
        if command -v rustup >/dev/null; then
            rustup target add "$target"
        fi
        toolchain_has "$target" ||
            toolchain_lacks "the toolchain has no target $target, and $(toolchain_no_rustup)" || return
    done
    # Without these only the checks of the style fail, and say so.
    for program in $(toolchain_list components); do
        toolchain_program "$program" && continue
        command -v rustup >/dev/null && rustup component add "$program"
    done
    return 0
}

# Prints a list of rust-toolchain.toml, one word for each entry.
toolchain_list() {
    sed -n "s/^$1 = \[\(.*\)\]\$/\1/p" rust-toolchain.toml | tr -d '",'
}

# Tells whether the toolchain has the standard library for a target.
toolchain_has() {
    local folder
    folder=$(rustc --print target-libdir --target "$1" 2>/dev/null) && [[ -d $folder ]]
}

# Tells whether cargo has the subcommand that a component brings.
toolchain_program() {
    cargo "${1#rust}" --version >/dev/null 2>&1
}

toolchain_no_rustup() {
    if command -v rustup >/dev/null; then
        echo "rustup could not add it"
    else
        echo "there is no rustup to add it; install it as you installed the toolchain"
    fi
}

toolchain_lacks() {
    printf 'error: %s\n' "$1" >&2
    return 1
}
