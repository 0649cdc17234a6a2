//! Signed notes, as C2SP has them (<https://c2sp.org/signed-note>), with Ed25519 keys in the text
//! forms of that world: `PRIVATE+KEY+name+hash+…` and `name+hash+…`.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use sha2::{Digest, Sha256};

/// The number of the algorithm, Ed25519, in keys.
const ALGORITHM: u8 = 1;
const PRIVATE: &str = "PRIVATE+KEY+";
/// A key file is one short line.
const MAX_KEY_FILE: u64 = 1 << 10;

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read or written.
    #[error("the key file {} cannot be used: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than the owner may read the file.
    #[error("the key file {} can be read by others; run `chmod 600` on it", .0.display())]
    Exposed(PathBuf),
    /// The text is no key.
    #[error("this is not an Ed25519 key in the form of signed notes")]
    Malformed,
    /// The name has a blank or `+` in it.
    #[error("a key's name has no blanks and no `+` in it, and is not empty")]
    Name,
}

/// Why a note proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is not in the form of a signed note.
    #[error("this is not a signed note")]
    Malformed,
    /// No signature is by this key.
    #[error("the note is not signed by this key")]
    OtherKey,
    /// The signature is not one of this text.
    #[error("the signature is not one of this text")]
    Wrong,
}

/// A key to sign notes with.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: VerifyingKey,
}

/// The public part of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: String,
    key: Vec<u8>,
}

impl SigningKey {
    /// Makes a new key and writes it to a file that is not there yet, for its owner alone.
    ///
    /// # Errors
    /// If the file cannot be written, or the name is none.
    pub fn generate(path: &Path, name: &str) -> Result<Self, KeyError> {
        let fault = |source| KeyError::File {
            path: path.to_owned(),
            source,
        };
        let seed: [u8; 32] = rand::random();
        let key = Self::new(name, &seed)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => io::Error::other(
                    "it exists already, and no key is overwritten; name a new file",
                ),
                io::ErrorKind::NotFound => {
                    io::Error::other("the folder that it is to be in does not exist")
                }
                _ => error,
            })
            .map_err(fault)?;
        let text = format!(
            "{PRIVATE}{name}+{:08x}+{}\n",
            u32::from_be_bytes(key.public.hash()),
            encode(&seed)
        );
        file.write_all(text.as_bytes()).map_err(fault)?;
        Ok(key)
    }

    /// Reads a key from a file that nobody but its owner may read.
    ///
    /// # Errors
    /// If the file cannot be read, is open to others, or holds no key.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let fault = |source| KeyError::File {
            path: path.to_owned(),
            source,
        };
        let file = std::fs::File::open(path).map_err(fault)?;
        if file.metadata().map_err(fault)?.mode() & 0o077 != 0 {
            return Err(KeyError::Exposed(path.to_owned()));
        }
        let mut text = String::new();
        file.take(MAX_KEY_FILE)
            .read_to_string(&mut text)
            .map_err(fault)?;
        Self::parse(text.trim())
    }

    fn parse(text: &str) -> Result<Self, KeyError> {
        let (name, hash, seed) = parts(text.strip_prefix(PRIVATE).ok_or(KeyError::Malformed)?)?;
        let key = Self::new(name, &seed)?;
        if key.public.hash() != hash {
            return Err(KeyError::Malformed);
        }
        Ok(key)
    }

    fn new(name: &str, seed: &[u8]) -> Result<Self, KeyError> {
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '+') {
            return Err(KeyError::Name);
        }
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::Malformed)?;
        let public = VerifyingKey {
            name: name.to_owned(),
            key: pair.public_key().as_ref().to_vec(),
        };
        Ok(Self { pair, public })
    }

    /// Returns the public part.
    #[must_use]
    pub fn public(&self) -> &VerifyingKey {
        &self.public
    }

    /// Signs a text, which must end with a line break, and returns the note.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        let mut signature = self.public.hash().to_vec();
        signature.extend_from_slice(self.pair.sign(text.as_bytes()).as_ref());
        format!(
            "{text}\n— {} {}\n",
            self.public.name,
            BASE64.encode(signature)
        )
    }
}

impl VerifyingKey {
    /// Reads a key in the form `name+hash+…`.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (name, hash, key) = parts(text.trim())?;
        let key = Self {
            name: name.to_owned(),
            key,
        };
        if key.hash() != hash || key.key.len() != 32 {
            return Err(KeyError::Malformed);
        }
        Ok(key)
    }

    /// Checks a note's signature, and returns its text.
    ///
    /// # Errors
    /// If this key has not signed it.
    pub fn open<'n>(&self, note: &'n str) -> Result<&'n str, NoteError> {
        let split = note.rfind("\n\n").ok_or(NoteError::Malformed)?;
        let (text, signatures) = (&note[..=split], &note[split + 2..]);
        let mut outcome = NoteError::OtherKey;
        for line in signatures.lines() {
            let (name, encoded) = line
                .strip_prefix("— ")
                .and_then(|line| line.split_once(' '))
                .ok_or(NoteError::Malformed)?;
            let decoded = BASE64.decode(encoded).map_err(|_| NoteError::Malformed)?;
            let Some((hash, signature)) = decoded.split_first_chunk() else {
                return Err(NoteError::Malformed);
            };
            if name != self.name || *hash != self.hash() {
                continue;
            }
            let key = UnparsedPublicKey::new(&ED25519, &self.key);
            match key.verify(text.as_bytes(), signature) {
                Ok(()) => return Ok(text),
                Err(_) => outcome = NoteError::Wrong,
            }
        }
        Err(outcome)
    }

    fn hash(&self) -> [u8; 4] {
        let digest = Sha256::new()
            .chain_update(&self.name)
            .chain_update(b"\n")
            .chain_update([ALGORITHM])
            .chain_update(&self.key)
            .finalize();
        [digest[0], digest[1], digest[2], digest[3]]
    }
}

/// Writes the key in the form `name+hash+…`.
impl std::fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let hash = u32::from_be_bytes(self.hash());
        write!(f, "{}+{hash:08x}+{}", self.name, encode(&self.key))
    }
}

/// Shows the public part alone.
impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SigningKey").field(&self.public).finish()
    }
}

fn encode(key: &[u8]) -> String {
    let mut bytes = vec![ALGORITHM];
    bytes.extend_from_slice(key);
    BASE64.encode(bytes)
}

/// Splits `name+hash+key`.
fn parts(text: &str) -> Result<(&str, [u8; 4], Vec<u8>), KeyError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(hash), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyError::Malformed);
    };
    let hash = u32::from_str_radix(hash, 16).map_err(|_| KeyError::Malformed)?;
    let key = BASE64.decode(key).map_err(|_| KeyError::Malformed)?;
    match key.split_first() {
        Some((&ALGORITHM, key)) => Ok((name, hash.to_be_bytes(), key.to_vec())),
        _ => Err(KeyError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// The example of the documentation of Go's `golang.org/x/mod/sumdb/note`.
    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\
        \n\
        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn a_note_of_another_implementation_is_accepted_and_an_altered_one_is_not() {
        let key = VerifyingKey::parse(KEY).unwrap();
        assert!(key.open(NOTE).unwrap().ends_with("problem is.\n"));
        assert_eq!(key.to_string(), KEY);
        let altered = NOTE.replace("don't", "do");
        assert_eq!(key.open(&altered), Err(NoteError::Wrong));
        assert_eq!(key.open("no note"), Err(NoteError::Malformed));
    }

    #[test]
    fn a_key_is_written_for_its_owner_alone_and_signs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = SigningKey::generate(&path, "here").unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let read = SigningKey::read(&path).unwrap();
        let note = read.sign("text\n");
        assert_eq!(key.public().open(&note), Ok("text\n"));
        let other = SigningKey::generate(&folder.path().join("other"), "here").unwrap();
        assert_eq!(other.public().open(&note), Err(NoteError::OtherKey));
        assert!(matches!(
            SigningKey::generate(&path, "here"),
            Err(KeyError::File { .. })
        ));
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(SigningKey::read(&path), Err(KeyError::Exposed(_))));
    }
}
