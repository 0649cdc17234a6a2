# One word for each loop: `just` lists them. Each is a command that can be typed as well.

# Lists what there is.
[private]
default:
    @just --list --unsorted

# The style, and that everything compiles.
check:
    cargo fmt --all --check
    cargo fmt --all --check --manifest-path host/wasi/Cargo.toml
    cargo check --workspace --all-targets --locked

# What a name means, what is decided without asking anybody, and the commands on a cluster in memory.
guest *filter:
    cargo test --locked -p keepdocker-terms -p keepdocker-decisions -- {{ filter }}
    cargo test --locked -p keepdocker-guest -- {{ filter }}

# What the component may do, the log, archives, what a cluster is asked.
crates *filter:
    cargo test --locked -p keepdocker-gate -p keepdocker-audit -- {{ filter }}
    cargo test --locked -p keepdocker-archive -p keepdocker-arvados -- {{ filter }}

# The host's own tests: just host engine::
host *filter:
    cargo test --workspace --locked --lib -- {{ filter }}

# Whole commands on the embedded cluster: just it download::
it *filter:
    cargo test --workspace --locked --test it -- {{ filter }}

# The style, and the tests that need nothing but the embedded cluster.
quick *filter:
    tests/run --quick {{ filter }}

# Everything, on real parts; or one module of it: just test exchange::
test *filter:
    tests/run {{ filter }}

# Lints, as tests/run has them.
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Every fault at every step of every verb; or a sample, by its number.
faults *sample:
    tests/faults {{ sample }}

# Runs that a signal, a full disk or a loss of power cuts short.
crashes *seed:
    tests/crashes {{ seed }}

# Much at once, often, or large.
load *words:
    tests/load {{ words }}

# The last three whole, on real parts, with a summary.
survive *parts:
    tests/survive {{ parts }}

# Transfers beside those of the Python program.
bench *options:
    tests/bench {{ options }}

# Start-up and listings beside those of the Python program.
startup:
    cargo bench --workspace --locked --bench startup

# Writes texts of help, messages and JSON again; look at the difference.
snapshots:
    env INSTA_UPDATE=always cargo test --workspace --locked --lib -- cli::

# Writes the recorded runs and the script of the page again; look at the difference.
corpus:
    env KEEPDOCKER_WRITE_CORPUS=1 cargo test --workspace --locked --test embedding

# A page about the images of the embedded cluster, in target/images.html.
page:
    cargo run --locked -- report --sandbox -o target/images.html

# The documentation as a site that can be searched, in target/site.
site:
    .ci/site

# The components for other programs, in target/component.
components:
    cargo run --locked -p keepdocker-components

# The files of a release, in target/release-files.
release *architectures:
    .ci/release {{ architectures }}

# Packs the crate, and installs it with a compiler that has no rustup.
crate *options:
    cargo run --locked -p keepdocker-components
    mkdir -p target/crates
    .ci/crate target/component target/crates
    .ci/try-crate target/crates {{ options }}

# Installs the files of a release on clean systems; needs root.
try-release *suites:
    .ci/try-release {{ suites }}
