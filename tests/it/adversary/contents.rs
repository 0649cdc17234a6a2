//! What lies in a collection that is said to hold the genuine image.

use std::io::Write as _;

use crate::support::{Made, Members, Noise, digest, tar_of};

/// A planted content: what it is, and its files.
pub(super) struct Content {
    pub(super) name: &'static str,
    pub(super) files: fn(&Made, &Made) -> Members,
    /// Whether only reading the layers tells: config, account and members are the image's.
    pub(super) in_layers: bool,
}

/// Every content; none of them is the genuine image alone and whole under its name.
pub(super) const CONTENTS: &[Content] = &[
    Content {
        name: "another image",
        in_layers: false,
        files: |genuine, evil| file(genuine, evil.saved(&[])),
    },
    Content {
        name: "another image with its engine's layout",
        in_layers: false,
        files: |genuine, evil| file(genuine, tar_of(&evil.members_of_layout("lab/tool:1"))),
    },
    Content {
        name: "the config, and a layer of the same size with other bytes",
        in_layers: true,
        files: |genuine, evil| {
            changed(genuine, |members| {
                let other = evil.layers[1].clone();
                assert_eq!(other.len(), member(members, &layer(genuine, 1)).len());
                *member(members, &layer(genuine, 1)) = other;
            })
        },
    },
    Content {
        name: "the config, and other bytes at the end of the large layer",
        in_layers: true,
        files: |genuine, _| {
            changed(genuine, |members| {
                let bytes = member(members, &layer(genuine, 0));
                let end = bytes.len() - 2000;
                bytes[end] ^= 1;
            })
        },
    },
    Content {
        name: "the config, and a layer that is cut short",
        in_layers: true,
        files: |genuine, _| {
            changed(genuine, |members| {
                member(members, &layer(genuine, 1)).truncate(1024);
            })
        },
    },
    Content {
        name: "the config, and a layer without bytes",
        in_layers: true,
        files: |genuine, _| {
            changed(genuine, |members| {
                member(members, &layer(genuine, 1)).clear()
            })
        },
    },
    Content {
        name: "the config, and a layer that goes on",
        in_layers: true,
        files: |genuine, evil| {
            changed(genuine, |members| {
                let more = evil.layers[1].clone();
                member(members, &layer(genuine, 1)).extend(more);
            })
        },
    },
    Content {
        name: "the config, and a layer that is missing",
        in_layers: false,
        files: |genuine, _| {
            changed(genuine, |members| {
                let name = layer(genuine, 1);
                members.retain(|(known, _)| *known != name);
            })
        },
    },
    Content {
        name: "the config, and an account that names one layer only",
        in_layers: false,
        files: |genuine, _| account(genuine, &[layer(genuine, 0)]),
    },
    Content {
        name: "the config, and an account that names one layer more",
        in_layers: false,
        files: |genuine, evil| {
            let names = [layer(genuine, 0), layer(genuine, 1), layer(evil, 1)];
            let mut files = account(genuine, &names);
            let evil = (layer(evil, 1), evil.layers[1].clone());
            files[0].1 = prepended(&files[0].1, evil);
            files
        },
    },
    Content {
        name: "the config, and the layers in another order",
        in_layers: false,
        files: |genuine, _| account(genuine, &[layer(genuine, 1), layer(genuine, 0)]),
    },
    Content {
        name: "the config, and a layer of another name",
        in_layers: false,
        files: |genuine, evil| {
            let mut files = account(genuine, &[layer(genuine, 0), layer(evil, 1)]);
            let evil = (layer(evil, 1), evil.layers[1].clone());
            files[0].1 = prepended(&files[0].1, evil);
            files
        },
    },
    Content {
        name: "two images, the other one first",
        in_layers: false,
        files: |genuine, evil| file(genuine, both(evil, genuine)),
    },
    Content {
        name: "two images, the other one last",
        in_layers: false,
        files: |genuine, evil| file(genuine, both(genuine, evil)),
    },
    Content {
        name: "two accounts, the last of which counts for an engine",
        in_layers: false,
        files: |genuine, evil| {
            let mut members = genuine.members(&[]);
            members.extend(without_twice(&members, evil.members(&[]), "manifest.json"));
            file(genuine, tar_of(&members))
        },
    },
    Content {
        name: "two layers of one name, the last of which counts for an engine",
        in_layers: false,
        files: |genuine, evil| {
            let mut members = genuine.members(&[]);
            let account = members.pop().unwrap();
            members.push((layer(genuine, 1), evil.layers[1].clone()));
            members.push(account);
            file(genuine, tar_of(&members))
        },
    },
    Content {
        name: "two layers of one name, written in two ways",
        in_layers: false,
        files: |genuine, evil| {
            let mut members = genuine.members(&[]);
            members.push((
                format!("x/../{}", layer(genuine, 1)),
                evil.layers[1].clone(),
            ));
            members.push((format!("./{}", layer(genuine, 1)), evil.layers[1].clone()));
            // The builder refuses `..`, so the name is put into the header afterwards.
            let plain: Members = members
                .iter()
                .map(|(name, bytes)| (name.replace("/../", "/__/"), bytes.clone()))
                .collect();
            let mut tar = tar_of(&plain);
            rename(&mut tar, b"x/__/", b"x/../");
            file(genuine, tar)
        },
    },
    Content {
        name: "two configs of one name, the last of which counts for an engine",
        in_layers: false,
        files: |genuine, evil| {
            let mut members = genuine.members(&[]);
            let config = format!("{}.json", genuine.digits());
            members.push((config, evil.config.clone().into_bytes()));
            file(genuine, tar_of(&members))
        },
    },
    Content {
        name: "the config, and a layer that is a link to another",
        in_layers: false,
        files: |genuine, evil| {
            let mut members = genuine.members(&[]);
            members.retain(|(name, _)| *name != layer(genuine, 1));
            members.insert(0, ("hidden".into(), evil.layers[1].clone()));
            file(genuine, with_link(&members, &layer(genuine, 1), "hidden"))
        },
    },
    Content {
        name: "the name of the config, and the bytes of another",
        in_layers: false,
        files: |genuine, evil| {
            changed(genuine, |members| {
                let config = format!("{}.json", genuine.digits());
                *member(members, &config) = evil.config.clone().into_bytes();
            })
        },
    },
    Content {
        name: "a sound account, and an index of another image for newer engines",
        in_layers: false,
        files: |genuine, evil| {
            let mut members = genuine.members_of_layout("lab/tool:1");
            let evil = evil.members_of_layout("lab/tool:1");
            let index = evil.iter().find(|(name, _)| name == "index.json").unwrap();
            *member(&mut members, "index.json") = index.1.clone();
            let known = members.clone();
            members.extend(without_twice(&known, evil, ""));
            file(genuine, tar_of(&members))
        },
    },
    Content {
        name: "the config, and another layer in compressed form",
        in_layers: true,
        files: |genuine, evil| {
            changed(genuine, |members| {
                *member(members, &layer(genuine, 1)) = gzip(&evil.layers[1]);
            })
        },
    },
    Content {
        name: "an archive that breaks off in the middle",
        in_layers: false,
        files: |genuine, _| {
            let mut saved = genuine.saved(&[]);
            saved.truncate(saved.len() / 2);
            file(genuine, saved)
        },
    },
    Content {
        name: "an archive that breaks off in its last layer",
        in_layers: false,
        files: |genuine, _| {
            // The account and the config come first, so that they are all there.
            let mut members = genuine.members(&[]);
            members.reverse();
            let mut saved = tar_of(&members);
            saved.truncate(saved.len() - 500_000);
            file(genuine, saved)
        },
    },
    Content {
        name: "another archive after the end of the genuine one",
        in_layers: false,
        files: |genuine, evil| {
            let mut saved = genuine.saved(&[]);
            saved.extend(evil.saved(&[]));
            file(genuine, saved)
        },
    },
    Content {
        name: "nothing",
        in_layers: false,
        files: |genuine, _| file(genuine, Vec::new()),
    },
    Content {
        name: "noise",
        in_layers: false,
        files: |genuine, _| file(genuine, Noise::bytes(5, 200_000)),
    },
    Content {
        name: "another image, with an account without end",
        in_layers: false,
        files: |genuine, evil| {
            let mut members = evil.members(&[]);
            member(&mut members, "manifest.json").extend(vec![b' '; 20 << 20]);
            file(genuine, tar_of(&members))
        },
    },
    Content {
        name: "the genuine file, and one more",
        in_layers: false,
        files: |genuine, evil| {
            let mut files = file(genuine, genuine.saved(&[]));
            files.push((evil.file(), evil.saved(&[])));
            files
        },
    },
    Content {
        name: "the genuine file in a folder, and another in its place",
        in_layers: false,
        files: |genuine, evil| {
            let mut files = file(genuine, evil.saved(&[]));
            files.push((format!("sub/{}", genuine.file()), genuine.saved(&[])));
            files
        },
    },
    Content {
        name: "another image in a folder",
        in_layers: false,
        files: |genuine, evil| vec![(format!("sub/{}", genuine.file()), evil.saved(&[]))],
    },
    Content {
        name: "another image under the name of the old format",
        in_layers: false,
        files: |genuine, evil| vec![(format!("{}.tar", genuine.digits()), evil.saved(&[]))],
    },
    Content {
        name: "another image under the name in capitals",
        in_layers: false,
        files: |genuine, evil| {
            let name = format!("sha256:{}.tar", genuine.digits().to_uppercase());
            vec![(name, evil.saved(&[]))]
        },
    },
    Content {
        name: "another image under its own name",
        in_layers: false,
        files: |_, evil| vec![(evil.file(), evil.saved(&[]))],
    },
];

/// The collection's only file, under the name that the genuine image's has.
fn file(genuine: &Made, archive: Vec<u8>) -> Members {
    vec![(genuine.file(), archive)]
}

/// The genuine archive with changed members.
fn changed(genuine: &Made, change: impl FnOnce(&mut Members)) -> Members {
    let mut members = genuine.members(&[]);
    change(&mut members);
    file(genuine, tar_of(&members))
}

/// The genuine archive, whose account names these layers.
fn account(genuine: &Made, layers: &[String]) -> Members {
    changed(genuine, |members| {
        let config = format!("{}.json", genuine.digits());
        let account = serde_json::json!([{"Config": config, "RepoTags": null, "Layers": layers}]);
        *member(members, "manifest.json") = account.to_string().into_bytes();
    })
}

fn member<'a>(members: &'a mut Members, name: &str) -> &'a mut Vec<u8> {
    let found = members.iter_mut().find(|(known, _)| known == name);
    &mut found.unwrap().1
}

/// The name of a layer's member.
fn layer(image: &Made, number: usize) -> String {
    let digest = digest(&image.layers[number]);
    format!("{}.tar", digest.trim_start_matches("sha256:"))
}

/// An archive of two images.
fn both(first: &Made, second: &Made) -> Vec<u8> {
    let (mut members, more) = (first.members(&[]), second.members(&[]));
    let one: serde_json::Value = serde_json::from_slice(&members.pop().unwrap().1).unwrap();
    let two: serde_json::Value = serde_json::from_slice(&more.last().unwrap().1).unwrap();
    let known = members.clone();
    members.extend(without_twice(&known, more, ""));
    let account = serde_json::json!([one[0], two[0]]);
    members.retain(|(name, _)| name != "manifest.json");
    members.push(("manifest.json".into(), account.to_string().into_bytes()));
    tar_of(&members)
}

/// Those members that are not there yet, and the one that may be there twice.
fn without_twice(known: &Members, more: Members, twice: &str) -> Members {
    let is_new = |name: &String| known.iter().all(|(known, _)| known != name) || name == twice;
    more.into_iter().filter(|(name, _)| is_new(name)).collect()
}

/// A tar with one more member at its beginning.
fn prepended(tar: &[u8], member: (String, Vec<u8>)) -> Vec<u8> {
    let mut whole = tar_of(&[member]);
    // Without the end mark.
    whole.truncate(whole.len() - 1024);
    whole.extend(tar);
    whole
}

/// A tar of these members, and of a link.
fn with_link(members: &Members, name: &str, target: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    builder.append_link(&mut header, name, target).unwrap();
    let mut whole = builder.into_inner().unwrap();
    whole.truncate(whole.len() - 1024);
    whole.extend(tar_of(members));
    whole
}

/// Changes the beginning of a member's name in its header, and the header's sum.
fn rename(tar: &mut [u8], from: &[u8], to: &[u8]) {
    let starts = |header: &[u8]| header.starts_with(from);
    let place = tar.chunks(512).position(starts).unwrap() * 512;
    tar[place..place + to.len()].copy_from_slice(to);
    let mut header = tar::Header::new_ustar();
    header
        .as_mut_bytes()
        .copy_from_slice(&tar[place..place + 512]);
    header.set_cksum();
    tar[place..place + 512].copy_from_slice(header.as_bytes());
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
