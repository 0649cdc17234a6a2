//! One and the same image from real tools gives one archive.

use crate::Error;
use crate::image::{BlockLayout, Form};

use super::fixtures::{Selection, data, open, open_data, read, read_as, stream};

const TINY: &str = "sha256:70a7460c1d522af75cbf6d47be2622f63fc1bc7b517e1fe5870bee89a55dc372";
const TINY_MANIFEST: &str =
    "sha256:be39fa5b79cda59e9d969fee844ebec83635b9e2c40afb463fa88aeb2d8050fe";
const HELLO: &str = "sha256:d2c94e258dcb3c5ac2798d32e1249e42ef01cba4841c2234249495f87264ac5a";

const TINY_FILES: [&str; 5] = [
    "tiny-docker20.10.tar",
    "tiny-docker20.10-by-id.tar",
    "tiny-docker26-classic-store.tar",
    "tiny-docker26-containerd-store.tar",
    "tiny-skopeo-docker-archive.tar",
];

const HELLO_FILES: [&str; 2] = [
    "hello-world-ManifestV2.tar",
    "hello-world-ManifestV2-OCILayout.tar",
];

const KANIKO: &str = "sha256:a7453319bd75428602c2d584738b35c982bd5f2e24e65f5c5900d7bef0c774f9";
const KANIKO_FILE: &str = "tiny-kaniko.tar";

#[test]
fn five_tools_give_one_archive_of_the_tiny_image() {
    give_one_archive(&TINY_FILES, TINY);
}

#[test]
fn two_forms_give_one_archive_of_hello_world() {
    give_one_archive(&HELLO_FILES, HELLO);
}

fn give_one_archive(files: &[&str], id: &str) {
    let expected = read(open_data(files[0]), &Selection::Only).unwrap();
    for file in files {
        let bytes = std::fs::read(data(file)).unwrap();
        for archive in [open_data(file), stream(bytes.clone())] {
            let stored = read(archive, &Selection::Only).unwrap();
            assert_eq!(stored.reading.image.id, id, "{file}");
            assert_eq!(stored.bytes, expected.bytes, "{file}");
            assert_eq!(stored.blocks, expected.blocks, "{file}");
        }
        for mut archive in [open_data(file), stream(bytes)] {
            let selection = Selection::Id(id.into());
            let dense = read_as(
                &mut archive,
                &selection,
                Form::Canonical,
                BlockLayout::Dense,
            );
            assert_eq!(dense.unwrap().bytes, expected.bytes, "{file}");
        }
    }
}

#[test]
fn an_archive_by_kaniko_is_stored_under_the_digest_of_its_config() {
    let bytes = std::fs::read(data(KANIKO_FILE)).unwrap();
    let [file, streamed] = [open_data(KANIKO_FILE), stream(bytes)]
        .map(|archive| read(archive, &Selection::Only).unwrap());
    assert_eq!(file.reading.image.id, KANIKO);
    assert_eq!(file.reading.image.repo_tags, ["example/kaniko:1"]);
    assert_eq!(file.reading.image.diff_ids.len(), 2);
    assert_eq!(file.bytes, streamed.bytes);
    let mut stored = tar::Archive::new(&file.bytes[..]);
    let names: Vec<_> = stored
        .entries()
        .unwrap()
        .map(|entry| entry.unwrap().path().unwrap().display().to_string())
        .collect();
    let layers = file.reading.image.diff_ids.iter();
    let layers = layers.map(|id| format!("{}.tar", id.strip_prefix("sha256:").unwrap()));
    let config = format!("{}.json", KANIKO.strip_prefix("sha256:").unwrap());
    let expected = std::iter::once(config)
        .chain(layers)
        .chain(["manifest.json".into()]);
    assert_eq!(
        names,
        expected.collect::<Vec<_>>(),
        "layers without compression"
    );
}

#[test]
fn the_stored_archive_is_read_as_the_same_image() {
    let first = read(open_data(TINY_FILES[0]), &Selection::Only).unwrap();
    let second = read(stream(first.bytes.clone()), &Selection::Only).unwrap();
    assert_eq!(second.bytes, first.bytes);
    let mut verbatim = stream(first.bytes.clone());
    let form = Form::Verbatim;
    let third = read_as(&mut verbatim, &Selection::Only, form, BlockLayout::Layered).unwrap();
    assert_eq!(third.bytes, first.bytes);
    assert_eq!(third.blocks, first.blocks);
}

#[test]
fn the_stored_archive_has_the_fixed_layout() {
    let stored = read(open_data(TINY_FILES[0]), &Selection::Only).unwrap();
    let mut tar = tar::Archive::new(&stored.bytes[..]);
    let members: Vec<_> = tar
        .entries()
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let header = entry.header();
            (
                entry.path().unwrap().display().to_string(),
                entry.size(),
                header.mode().unwrap(),
                header.mtime().unwrap(),
                header.uid().unwrap(),
            )
        })
        .collect();
    let member = |name: &str, size| (name.to_owned(), size, 0o444, 0, 0);
    assert_eq!(
        members,
        [
            member(
                "70a7460c1d522af75cbf6d47be2622f63fc1bc7b517e1fe5870bee89a55dc372.json",
                1966
            ),
            member(
                "93d40a4ef970a32ed2478fc8834fc38e59230eb8c28926d628307dc8f04f499e.tar",
                11264
            ),
            member(
                "868d29b15f9d6e2412f7557321f321873cf4afde7f311a520e9fb0c67809ab77.tar",
                2560
            ),
            member("manifest.json", 253),
        ]
    );
}

#[test]
fn a_converted_image_is_another_one_with_the_same_layers() {
    let original = read(open_data(TINY_FILES[0]), &Selection::Only).unwrap();
    let file = data("tiny-skopeo-oci-archive.tar");
    let location = format!("oci-archive:{}", file.display());
    let converted = read(open(&location).unwrap(), &Selection::Only).unwrap();
    assert_eq!(
        converted.reading.image.id,
        "sha256:5ecbec03931e9ccb1fcaea80b673bea116dd2c44930eb5118798f9427156a997"
    );
    assert_eq!(
        converted.reading.image.diff_ids,
        original.reading.image.diff_ids
    );
    let streamed = read(stream(std::fs::read(file).unwrap()), &Selection::Only).unwrap();
    assert_eq!(streamed.bytes, converted.bytes);
}

#[test]
fn images_of_a_file_are_known_before_it_is_read() {
    let wanted = crate::Wanted::default();
    let mut archive = open_data("tiny-docker26-containerd-store.tar");
    let images = archive.images(&wanted).unwrap().unwrap();
    assert_eq!(images.len(), 1);
    let image = &images[0].image;
    assert_eq!(image.id, TINY);
    assert_eq!(image.manifest.as_deref(), Some(TINY_MANIFEST));
    assert_eq!(image.platform.architecture, "amd64");
    let mut named = open_data("tiny-docker26-classic-store.tar");
    assert_eq!(
        named.images(&wanted).unwrap().unwrap()[0].image.repo_tags,
        ["example/tiny:1"]
    );
    assert_eq!(stream(Vec::new()).images(&wanted).unwrap(), None);
}

#[test]
fn an_archive_without_a_manifest_tells_the_one_that_containerd_would_make() {
    for file in TINY_FILES.iter().take(2) {
        let mut archive = open_data(file);
        assert_eq!(
            archive.images(&crate::Wanted::default()).unwrap().unwrap()[0]
                .image
                .manifest,
            None
        );
        let stored = read(archive, &Selection::Only).unwrap();
        // What Docker 26 with a containerd store calls this image.
        assert_eq!(
            stored.reading.image.manifest.as_deref(),
            Some(TINY_MANIFEST),
            "{file}"
        );
    }
}

#[test]
fn an_engine_s_own_id_finds_the_image() {
    let by_manifest = Selection::Id(TINY_MANIFEST.into());
    let archive = open_data("tiny-docker26-containerd-store.tar");
    assert_eq!(read(archive, &by_manifest).unwrap().reading.image.id, TINY);
    let archive = open_data("tiny-docker20.10.tar");
    let error = read(archive, &by_manifest).unwrap_err();
    assert!(matches!(error, Error::NoSuchImage { .. }), "{error}");
    assert!(error.to_string().contains(TINY), "{error}");
}

#[test]
fn names_find_images_as_people_write_them() {
    let bytes = std::fs::read(data("hello-world-ManifestV2.tar")).unwrap();
    for name in [
        "hello-world",
        "hello-world:latest",
        "docker.io/library/hello-world",
        "docker.io/library/hello-world:latest",
    ] {
        let selection = Selection::Name(name.into());
        assert!(read(stream(bytes.clone()), &selection).is_ok(), "{name}");
    }
    for name in ["hello", "hello-world:1", "example/hello-world", ""] {
        let selection = Selection::Name(name.into());
        let error = read(stream(bytes.clone()), &selection).unwrap_err();
        assert!(error.to_string().contains("hello-world:latest"), "{error}");
    }
}

#[test]
fn verbatim_keeps_every_byte() {
    for file in TINY_FILES.iter().chain(&HELLO_FILES) {
        let bytes = std::fs::read(data(file)).unwrap();
        for layout in [BlockLayout::Layered, BlockLayout::Dense] {
            for mut archive in [open_data(file), stream(bytes.clone())] {
                let stored =
                    read_as(&mut archive, &Selection::Only, Form::Verbatim, layout).unwrap();
                assert_eq!(stored.bytes, bytes, "{file}");
            }
        }
    }
    let mut oci = open_data("tiny-skopeo-oci-archive.tar");
    let error = read_as(
        &mut oci,
        &Selection::Only,
        Form::Verbatim,
        BlockLayout::Dense,
    );
    assert!(matches!(error, Err(Error::Unsupported(_))));
}

#[test]
fn an_archive_is_read_once() {
    let mut archive = open_data(TINY_FILES[0]);
    let layout = BlockLayout::Layered;
    read_as(&mut archive, &Selection::Only, Form::Canonical, layout).unwrap();
    let again = read_as(&mut archive, &Selection::Only, Form::Canonical, layout);
    assert!(matches!(again, Err(Error::Spent)));
    let images = archive.images(&crate::Wanted::default());
    assert!(matches!(images, Err(Error::Spent)));
}

#[test]
fn what_is_not_there_is_named() {
    for (location, text) in [
        ("docker-archive:/no/such.tar", "there is no `/no/such.tar`"),
        ("oci:/no/such", "there is no `/no/such`"),
    ] {
        assert_eq!(open(location).unwrap_err().to_string(), text);
    }
    // What is there counts, not the transport.
    let folder = data("").display().to_string();
    for transport in ["docker-archive:", "oci:", "dir:", ""] {
        let archive = open(&format!("{transport}{folder}")).unwrap();
        let error = read(archive, &Selection::Only).unwrap_err();
        assert!(
            error.to_string().contains("not an image archive"),
            "{error}"
        );
    }
    let file = data("README.md").display().to_string();
    for transport in ["docker-archive:", "oci:", ""] {
        let error = open(&format!("{transport}{file}")).unwrap_err();
        assert_eq!(error.to_string(), "the archive: is not a tar archive");
    }
}
