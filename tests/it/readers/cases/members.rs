//! What the members of a tar may be like.

use tar::EntryType;

use super::super::making::{COMPRESSIONS, Image, Style, docker, member, tar};
use super::{Cases, DOCKER, NONE, changed, saved, usual};

/// Adds them.
pub(super) fn add(cases: &mut Cases) {
    let image = usual();
    let plain = saved(&image);
    let bytes = tar(&plain);
    let end = bytes.len() - 1024;
    cases.add("no end mark", DOCKER, bytes[..end].to_vec());
    cases.add("half an end mark", DOCKER, bytes[..end + 512].to_vec());
    for (name, length) in [
        ("9 KiB of zeros at the end", 9 << 10),
        ("2 MiB of zeros at the end", 2 << 20),
    ] {
        cases.add(name, DOCKER, [bytes.clone(), vec![0; length]].concat());
    }
    for how in COMPRESSIONS {
        let padded = [how.compress(&bytes), vec![0; 10_000]].concat();
        cases.add(format!("{how:?} with zeros after it"), DOCKER, padded);
    }
    let mut reversed = plain.clone();
    reversed.reverse();
    cases.add("the account first", DOCKER, tar(&reversed));
    let mut dotted = plain.clone();
    for (name, _) in &mut dotted {
        *name = format!("./{name}");
    }
    cases.add("names with a dot", DOCKER, tar(&dotted));
    let mut slashed = plain.clone();
    for (name, _) in &mut slashed[1..3] {
        *name = format!("/{name}");
    }
    let account = &mut slashed[3].1;
    *account = changed(account, |account| {
        for layer in account[0]["Layers"].as_array_mut().unwrap() {
            *layer = format!("/{}", layer.as_str().unwrap()).into();
        }
    });
    cases.add("layers with a slash", DOCKER, tar(&slashed));
    for (name, _) in &mut slashed[1..3] {
        *name = name.trim_start_matches('/').to_owned();
    }
    cases.add("layers with a slash in the account", DOCKER, tar(&slashed));
    for at in 0..4 {
        let mut again = plain.clone();
        again.push(again[at].clone());
        cases.add(format!("member {at} again"), DOCKER, tar(&again));
    }
    let before = |member: Vec<u8>| [member, bytes.clone()].concat();
    let note = |text: &str| member(b"note", EntryType::Regular, text.as_bytes());
    cases.add(
        "another member of that name",
        DOCKER,
        before([note("one"), note("two")].concat()),
    );
    cases.add(
        "a device",
        DOCKER,
        before(member(b"device", EntryType::Char, b"")),
    );
    cases.add(
        "a name in Latin-1",
        DOCKER,
        before(member(b"caf\xe9", EntryType::Regular, b"x")),
    );
    cases.add(
        "a folder",
        DOCKER,
        before(member(b"folder/", EntryType::Directory, b"")),
    );
    let global = member(
        b"pax_global_header",
        EntryType::XGlobalHeader,
        b"19 comment=hello.\n\n",
    );
    cases.add("a comment for all members", DOCKER, before(global));
    // The first layer by a long name, by a PAX record, and behind a link.
    let layer = &plain[1];
    let rest = [&plain[..1], &plain[2..]].concat();
    let own = |kind: EntryType, text: &[u8]| {
        let extension = member(b"extension", kind, text);
        let layer = member(b"layer", EntryType::Regular, &layer.1);
        [extension, layer, tar(&rest)].concat()
    };
    let long = format!("{}\0", layer.0);
    cases.add(
        "a long name",
        DOCKER,
        own(EntryType::GNULongName, long.as_bytes()),
    );
    let record = format!("path={}\n", layer.0);
    let record = format!("{} {record}", record.len() + 3);
    cases.add(
        "a name by PAX",
        DOCKER,
        own(EntryType::XHeader, record.as_bytes()),
    );
    for (name, pieces) in [
        ("holes", vec![(512, 1024), (8192, 512)]),
        ("one hole", vec![]),
    ] {
        for (form, bytes) in sparse(&pieces) {
            cases.add(format!("{name}, {form}"), DOCKER, bytes);
        }
    }
}

/// Makes archives of an image whose one layer has holes, in the forms that GNU tar writes.
fn sparse(pieces: &[(usize, usize)]) -> Vec<(&'static str, Vec<u8>)> {
    const SIZE: usize = 20_480;
    let mut layer = vec![0; SIZE];
    for (start, length) in pieces {
        layer[*start..start + length].fill(b'x');
    }
    let image = Image::of(vec![layer.clone()], "amd64");
    let mut rest = docker(&[(&image, &["docker.io/lab/tool:1"])], Style::Flat, NONE);
    let (name, _) = rest.remove(1);
    let data: Vec<u8> = pieces
        .iter()
        .flat_map(|(start, length)| layer[*start..start + length].to_vec())
        .collect();
    let record = |key: &str, value: &str| {
        let text = format!(" {key}={value}\n");
        let mut lengths = (1..4).map(|digits| text.len() + digits);
        let length = lengths.find(|length| text.len() + length.to_string().len() == *length);
        format!("{}{text}", length.unwrap())
    };
    let numbers: Vec<String> = pieces
        .iter()
        .flat_map(|(start, length)| [start.to_string(), length.to_string()])
        .collect();
    let (count, size) = (pieces.len().to_string(), SIZE.to_string());
    let whole = |records: String, data: &[u8]| {
        let header = member(b"extension", EntryType::XHeader, records.as_bytes());
        let layer = member(b"GNUSparseFile.1/layer", EntryType::Regular, data);
        [header, layer, tar(&rest)].concat()
    };
    let shared = record("GNU.sparse.size", &size)
        + &record("GNU.sparse.numblocks", &count)
        + &record("path", &name);
    let mut first = shared.clone();
    for (start, length) in pieces {
        first += &record("GNU.sparse.offset", &start.to_string());
        first += &record("GNU.sparse.numbytes", &length.to_string());
    }
    let second =
        shared + &record("GNU.sparse.name", &name) + &record("GNU.sparse.map", &numbers.join(","));
    let third = record("GNU.sparse.major", "1")
        + &record("GNU.sparse.minor", "0")
        + &record("GNU.sparse.name", &name)
        + &record("GNU.sparse.realsize", &size);
    let mut list = count.clone() + "\n";
    for number in &numbers {
        list += &format!("{number}\n");
    }
    let mut stored = list.into_bytes();
    stored.resize(stored.len().next_multiple_of(512), 0);
    stored.extend_from_slice(&data);
    let mut old = tar::Header::new_gnu();
    old.set_path(&name).unwrap();
    old.set_entry_type(EntryType::GNUSparse);
    old.set_mode(0o644);
    old.set_uid(0);
    old.set_gid(0);
    old.set_mtime(0);
    old.set_size(data.len() as u64);
    let octal = |number: usize| {
        let mut field = [0; 12];
        field[..11].copy_from_slice(format!("{number:011o}").as_bytes());
        field
    };
    let fields = old.as_gnu_mut().unwrap();
    for (field, (start, length)) in fields.sparse.iter_mut().zip(pieces) {
        field.offset = octal(*start);
        field.numbytes = octal(*length);
    }
    fields.realsize = octal(SIZE);
    old.set_cksum();
    let mut body = data.clone();
    body.resize(body.len().next_multiple_of(512), 0);
    vec![
        ("0.0", whole(first, &data)),
        ("0.1", whole(second, &data)),
        ("1.0", whole(third, &stored)),
        ("old", [old.as_bytes().to_vec(), body, tar(&rest)].concat()),
    ]
}
