//! What the component can do wrong, each under the name that asks for it.

use std::hint::black_box;

use crate::bindings::keepdocker::contract::archives::{Archive, Chosen, Source, Wanted};
use crate::bindings::keepdocker::contract::collections::{
    self, Change, Disposal, NewCollection, Revival,
};
use crate::bindings::keepdocker::contract::links::{self, Class, NewLink, Removal};
use crate::bindings::keepdocker::contract::locks::Guard;
use crate::bindings::keepdocker::contract::log::{self, Level};
use crate::bindings::keepdocker::contract::types::Platform;
use crate::bindings::keepdocker::contract::{
    archives, cluster, containers, engine, keep, permissions, projects, registry,
};
use crate::commands::{Failure, Outcome, UploadRequest, Uploaded};

/// An ID like that of an image, which no image has.
const NOBODY: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// Does what the request's image asks for.
pub(crate) fn commit(request: &UploadRequest) -> Result<Uploaded, Failure> {
    match request.image.as_deref().unwrap_or_default() {
        "loops" => loops(),
        "recurses" => Err(Failure::Usage(recurses(1).to_string())),
        "hoards" => hoards(),
        "chatters" => loop {
            log::write(Level::Debug, "still here");
        },
        "asks" => loop {
            cluster::get().map_err(Failure::Api)?;
        },
        "opens" => opens(),
        "waits-for-itself" => {
            let _first = Guard::acquire(NOBODY).map_err(Failure::Lock)?;
            let _second = Guard::acquire(NOBODY).map_err(Failure::Lock)?;
            Err(Failure::Usage("had the lock twice".into()))
        }
        "shouts" => Err(Failure::Usage("x".repeat(100 << 20))),
        "deceives" => Ok(answer("\u{1b}]0;owned\u{7}\r\nzzzzz-4zz18-000000000000000")),
        "names" => names(),
        "forges" => forges(),
        "dies-after-store" => {
            store(request)?;
            std::process::abort()
        }
        "panics-after-store" => {
            store(request)?;
            panic!("on purpose")
        }
        "invents-handles" => invents_handles(),
        "uses-after-drop" => uses_after_drop(),
        #[cfg(target_family = "wasm")]
        "multiplies" => raw::multiplies(),
        #[cfg(target_family = "wasm")]
        "mumbles" => raw::mumbles(),
        #[cfg(target_family = "wasm")]
        "overreaches" => raw::overreaches(),
        other => Err(Failure::Usage(format!("`{other}` is no crime"))),
    }
}

fn loops() -> ! {
    let mut number = 0_u64;
    loop {
        number = black_box(number).wrapping_add(1);
    }
}

#[expect(unconditional_recursion, reason = "this is the crime")]
fn recurses(depth: u64) -> u64 {
    let room = black_box([depth; 64]);
    recurses(black_box(depth + 1)) + room[usize::from(depth == 7)]
}

fn hoards() -> ! {
    let mut hoard = Vec::new();
    loop {
        hoard.push(black_box(vec![1_u8; 1 << 20]));
    }
}

fn opens() -> Result<Uploaded, Failure> {
    let mut open = Vec::new();
    loop {
        open.push(Archive::open(&Source::Given).map_err(Failure::Archive)?);
    }
}

/// Gives every function that takes a text one that means something else elsewhere.
fn names() -> Result<Uploaded, Failure> {
    let absurd = [
        String::new(),
        "\0".into(),
        "--help".into(),
        "-o/tmp/stolen".into(),
        "../../../../etc/passwd".into(),
        "/etc/passwd".into(),
        "https://evil.example/x".into(),
        "x y\nz\r\u{1b}[31m".into(),
        "$(id)".into(),
        "%00%2e%2e%2f".into(),
        "☃".repeat(1000),
        "a/".repeat(1 << 19),
        "x".repeat(16 << 20),
    ];
    let mut accepted = Vec::new();
    for text in &absurd {
        let name = text.clone();
        let tried = [
            (
                "engine.find",
                engine::find(text).is_ok_and(|found| !found.is_empty()),
            ),
            ("engine.pull", engine::pull(text).is_ok()),
            ("archives.open engine", read(&Source::Engine(name.clone()))),
            ("archives.open cache", read(&Source::Cache(name.clone()))),
            ("archives.forget", archives::forget(text).is_ok()),
            ("registry.resolve", registry::resolve(text).is_ok()),
            ("registry.fetch", registry::fetch(text, text).is_ok()),
            ("locks.acquire", Guard::acquire(text).is_ok()),
            ("projects.get", projects::get(text).is_ok()),
            ("links.create", link(text, text).is_ok()),
            ("links.delete", unlink(text).is_ok()),
            (
                "collections.create",
                collection(text, "no manifest").is_ok(),
            ),
            ("collections.update", rename(text).is_ok()),
            ("collections.trash", dispose(text).is_ok()),
            ("collections.untrash", revive(text).is_ok()),
            ("permissions.set", share(text).is_ok()),
            ("containers.used", containers::used(&[], Some(text)).is_ok()),
        ];
        accepted.extend(
            tried
                .iter()
                .filter(|(_, is_accepted)| *is_accepted)
                .map(|(verb, _)| {
                    format!(
                        "{verb} {}",
                        text.escape_debug().take(20).collect::<String>()
                    )
                }),
        );
    }
    Err(Failure::Usage(format!("accepted: {}", accepted.join(", "))))
}

fn read(source: &Source) -> bool {
    Archive::open(source).is_ok_and(|archive| {
        archive
            .images(&any())
            .is_ok_and(|listing| listing.images.is_some())
    })
}

fn link(name: &str, head: &str) -> Result<links::Link, links::Error> {
    links::create(&NewLink {
        class: Class::RepoTag,
        name: name.into(),
        head: head.into(),
        owner: None,
        properties: Vec::new(),
    })
}

fn collection(name: &str, manifest: &str) -> Result<collections::Collection, collections::Error> {
    collections::create(&NewCollection {
        name: name.into(),
        owner: None,
        manifest: manifest.into(),
        properties: Vec::new(),
        replicas: None,
        storage_classes: Vec::new(),
    })
}

fn rename(collection: &str) -> Result<(), collections::Error> {
    collections::update(&Change {
        collection: collection.into(),
        owner: None,
        repo_tag: "\"stolen:1\"".into(),
    })
}

fn dispose(collection: &str) -> Result<Option<String>, collections::Error> {
    collections::trash(&Disposal {
        collection: collection.into(),
        owner: None,
        portable_data_hash: collection.into(),
    })
}

fn revive(collection: &str) -> Result<(), collections::Error> {
    collections::untrash(&Revival {
        collection: collection.into(),
        owner: None,
    })
}

fn share(text: &str) -> Result<Option<permissions::Level>, links::Error> {
    permissions::set(&permissions::Permission {
        object: text.into(),
        owner: Some(text.into()),
        holder: text.into(),
        level: Some(permissions::Level::Manage),
    })
}

fn unlink(link: &str) -> Result<(), links::Error> {
    links::delete(&Removal {
        uuid: link.into(),
        class: Class::RepoTag,
        name: link.into(),
        head: link.into(),
        owner: None,
    })
}

/// Claims data that nobody stored.
fn forges() -> Result<Uploaded, Failure> {
    let locator =
        "acbd18db4cc2f85cedef654fccc4a4d8+3+A0000000000000000000000000000000000000000@ffffffff";
    let created =
        collection("forged", &format!(". {locator} 0:3:{NOBODY}.tar\n")).map_err(Failure::Api)?;
    Ok(answer(&created.uuid))
}

fn store(request: &UploadRequest) -> Result<keep::Stored, Failure> {
    let archive = Archive::open(&Source::Given).map_err(Failure::Archive)?;
    let images = archive.images(&any()).map_err(Failure::Archive)?;
    let image = images.images.unwrap_or_default().into_iter().next();
    let image = image.map(|image| Chosen {
        image: image.id,
        manifest: image.manifest,
    });
    let stored = keep::store(
        &archive,
        &keep::Options {
            image,
            form: request.form,
            block_layout: request.block_layout,
            replicas: request.replicas,
            storage_classes: request.storage_classes.clone(),
            reuse: Vec::new(),
            resume: false,
            destination: None,
        },
    );
    let stored = stored.map_err(Failure::Keep)?;
    stored
        .stored
        .ok_or_else(|| Failure::Usage("nothing was stored".into()))
}

/// Looks for any image.
fn any() -> Wanted {
    Wanted {
        called: None,
        platform: Platform {
            os: "linux".into(),
            architecture: "amd64".into(),
            variant: String::new(),
        },
    }
}

#[expect(unsafe_code, reason = "this is the crime")]
fn invents_handles() -> Result<Uploaded, Failure> {
    // SAFETY: none; the host must notice.
    let archive = unsafe { Archive::from_handle(4242) };
    archive.images(&any()).map_err(Failure::Archive)?;
    Err(Failure::Usage(
        "a handle was accepted that nobody gave out".into(),
    ))
}

#[expect(unsafe_code, reason = "this is the crime")]
fn uses_after_drop() -> Result<Uploaded, Failure> {
    let handle = Archive::open(&Source::Given)
        .map_err(Failure::Archive)?
        .take_handle();
    // SAFETY: none; the host must notice.
    let again = unsafe { Archive::from_handle(handle) };
    // SAFETY: as above.
    drop(unsafe { Archive::from_handle(handle) });
    again.images(&any()).map_err(Failure::Archive)?;
    Err(Failure::Usage(
        "a handle was accepted that was given back".into(),
    ))
}

fn answer(collection: &str) -> Uploaded {
    Uploaded {
        collection: collection.into(),
        portable_data_hash: collection.into(),
        image: collection.into(),
        registered_as: collection.into(),
        name: Some(collection.into()),
        outcome: Outcome::Present,
        size: 0,
        sent: 0,
        reused: 0,
        blocks: 0,
        layers: 0,
        layers_read: 0,
    }
}

/// Calls that no compiler would make, past the generated bindings.
#[cfg(target_family = "wasm")]
#[expect(unsafe_code, reason = "this is the crime")]
mod raw {
    use crate::commands::{Failure, Uploaded};

    #[link(wasm_import_module = "keepdocker:contract/engine@0.1.0")]
    unsafe extern "C" {
        fn find(text: *const u8, length: usize, answer: *mut u8);
    }

    /// A text as the binary interface has it.
    #[derive(Clone, Copy)]
    #[repr(C)]
    struct Text {
        start: *const u8,
        length: usize,
    }

    #[link(wasm_import_module = "keepdocker:contract/links@0.1.0")]
    unsafe extern "C" {
        #[expect(clippy::too_many_arguments, reason = "a record, laid flat")]
        fn list(
            classes: *const u8,
            classes_length: usize,
            names: u32,
            names_list: *const Text,
            names_length: usize,
            has_heads: u32,
            heads: *const u8,
            heads_length: usize,
            has_owner: u32,
            owner: *const u8,
            owner_length: usize,
            detail: u32,
            has_newest: u32,
            newest: u32,
            answer: *mut u8,
        );
    }

    /// Names one large text a million times: little memory here, much for who copies it.
    pub(super) fn multiplies() -> Result<Uploaded, Failure> {
        let text = "x".repeat(1 << 20);
        let names = vec![
            Text {
                start: text.as_ptr(),
                length: text.len(),
            };
            1_000_000
        ];
        let mut answer = [0_u8; 64];
        // SAFETY: the pointers are good; it is their number that is not.
        unsafe {
            list(
                std::ptr::null(),
                0,
                1,
                names.as_ptr(),
                names.len(),
                0,
                std::ptr::null(),
                0,
                0,
                std::ptr::null(),
                0,
                0,
                0,
                0,
                answer.as_mut_ptr(),
            );
        }
        Err(Failure::Usage("a million copies were made".into()))
    }

    /// Passes bytes that are no text.
    pub(super) fn mumbles() -> Result<Uploaded, Failure> {
        let bytes = [0xff_u8, 0xfe, 0xfd];
        let mut answer = [0_u8; 64];
        // SAFETY: the pointers are good; it is the bytes that are not.
        unsafe { find(bytes.as_ptr(), bytes.len(), answer.as_mut_ptr()) };
        Err(Failure::Usage(
            "bytes that are no text were accepted".into(),
        ))
    }

    /// Points beyond its memory.
    pub(super) fn overreaches() -> Result<Uploaded, Failure> {
        let mut answer = [0_u8; 64];
        // SAFETY: none; the host must notice.
        unsafe { find(usize::MAX as *const u8, 1 << 20, answer.as_mut_ptr()) };
        Err(Failure::Usage(
            "a text beyond the memory was accepted".into(),
        ))
    }
}
