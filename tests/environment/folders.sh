# Where the parts that the tests need are kept between runs. Sourced.

# Outside the clone, so that a fresh clone finds what an earlier one installed.
parts_folder=${KEEPDOCKER_TEST_PARTS:-${XDG_CACHE_HOME:-$HOME/.cache}/keepdocker-tests}

# The versions that the tests are written against. Each gets a folder of its own.
arvados_version=3.2.1
old_arvados_version=2.7.0 # the last whose arv-copy looks for images by name
cargo_deny_version=0.20.2
typos_version=1.52.0
just_version=1.59.0
mdbook_version=0.5.4
wasmtime_version=49.0.4
newer_suite=${KEEPDOCKER_TEST_SUITE:-trixie}
newest_suite=sid
wasmtime_py_version=50.0.1
jco_version=1.35.0 # as in tests/embedding/node/package.json
wheel_version=0.45.1
rattler_build_version=0.73.0
ziglang_version=0.17.1
cargo_zigbuild_version=0.24.1

python_folder=$parts_folder/python-$arvados_version
site_folder=$parts_folder/mdbook-$mdbook_version
style_folder=$parts_folder/style-$typos_version-$just_version
wasmtime_folder=$parts_folder/wasmtime-$wasmtime_version
newer_engine_folder=$parts_folder/engine-$newer_suite
apptainer_folder=$parts_folder/apptainer-$newest_suite
runtimes_folder=$parts_folder/runtimes-$wasmtime_py_version-$jco_version-$wheel_version
packaging_folder=$parts_folder/packaging-$wheel_version-$rattler_build_version-$ziglang_version-$cargo_zigbuild_version
