//! The whole programs on real parts: an embedded cluster, Docker engines, the Python client.
//!
//! A test arranges a cluster and an environment, runs programs, and looks at what they printed and
//! at what the cluster then holds. `support` has the parts; `docs/testing.md` tells how they start.

#![expect(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it must be"
)]

mod support;

mod adversary; // what another user plants, and that it never takes the place of an image
mod apptainer; // what is stored, as a container of Apptainer
mod attributes; // extended attributes of files, through Keep into every engine
mod bad_input; // messages and exit codes, and that nothing is left half-registered
mod blocks; // how images lie in Keep, and what they share
mod checkup; // what `doctor` says of the set-up
mod command_line;
mod compatibility; // the table of differences from the Python program, and its tests
mod completion; // the tab key in real shells
mod component; // what auditors get, and that it is the component that runs
mod confinement; // what the program denies itself
mod contract; // the component and the contract: imports, size
mod crashes; // runs that are killed at any moment, lose power, fill disks, go on at once
mod dense; // dense blocks of a stream, which need room on the disk
mod differential; // the Python program and ours on equal clusters
mod docker_archive; // uploads of saved archives, without an engine
mod download; // images out of Keep: files, pipes, engines
mod drop_in; // what scripts rely on
mod empty_values; // options that are empty because a variable was not set
mod endpoints; // where token and data go, under a policy
mod engine_environment; // which variables reach the engine
mod engines; // the matrix: every engine all the way
mod everyday; // long listings, several images at once, plans in files
mod exchange; // images that go between our program and the Python ones
mod fault_matrix; // every fault at every step of every verb
mod faults; // what goes wrong on the way, and what is registered then
mod front_ends; // programs that import the Python module
mod fuzz_corpus; // what the fuzzer made up, read again
mod guide; // the pages for a task, and what they tell to type
mod hostile; // components that misbehave
mod image_id; // images that are registered by the digest of their manifest
mod in_keep; // names, copies and links for images that are in Keep, without sending data
mod indexes; // images that an engine knows by the digest of an index
mod interrupted; // runs that are cut short at every request, and what the next run makes of it
mod justfile; // one word for each loop
mod keyless; // images that somebody without a key must have signed
mod load; // much at once, often, or large
mod loading; // the stored archive in every engine and tool
mod login; // whom the token stands for, and where it is kept
mod lost_data; // blocks that Keep has lost, and what the next run makes of it
mod messages; // what people get to read when something fails
mod needs; // what each command needs of a policy, as the table says
mod network; // proxies, certificates, lost answers, and what stands between here and the cluster
mod oci_layouts; // layouts by buildah, umoci and skopeo
mod plans; // dry runs, and doing what they planned
mod project_names; // projects that are called by their names
mod projects; // projects that cannot take an image, told before its data is sent
mod pulls; // images that are pulled from a registry first
mod readers; // archives of every form, as skopeo reads them
mod registry; // images from registries, without an engine
mod registry_layers; // layers of a registry's images that Keep has already
mod registry_side_by_side; // large layers, two at a time
mod registry_tls; // Debian's registry with TLS and logins
mod registry_users; // the same layers, noted by another user
mod release; // what a release says of its files
mod reuse; // blocks that need not be sent, and uploads that were cut short
mod secrets; // planted everywhere, and looked for in all that comes out
mod signatures; // images of registries that somebody must have signed
mod silence;
mod sources; // one image from every engine and tool
mod spellings; // one name however it is spelled
mod surroundings; // accounts, limits, locks, signals, terminals as people have them
mod walls; // no source file is compiled twice but the known ones
mod wasi; // the component in a stock WASI runtime
mod wasi_registry; // the same, with images of registries
mod wrappers; // engines behind a wrapper
