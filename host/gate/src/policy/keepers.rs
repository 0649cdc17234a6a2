//! Who may keep a policy: the owners and modes that its file and the folders above it must have.
//!
//! The rules are those of OpenSSH for its own files. A policy that somebody else can rewrite bounds
//! nothing; one that somebody else can take away is no policy the next time.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::error::Error;
use super::file::PolicyFile;
use super::origin::Origin;

const ROOT: u32 = 0;
const OTHERS_CAN_WRITE: u32 = 0o022;
/// Of a folder: who can write to it can still not take away what others put there.
const STICKY: u32 = 0o1000;

/// The accounts that may own policies.
#[derive(Debug, Clone)]
pub(super) struct Keepers {
    /// Those of the machine's policy.
    pub(super) system: Vec<u32>,
    /// Those of the other ones.
    pub(super) user: Vec<u32>,
}

impl Keepers {
    /// Returns root for the machine's policy; root and the user of this process for the others.
    pub(super) fn of_process() -> Self {
        Self {
            system: vec![ROOT],
            user: vec![ROOT, effective_user()],
        }
    }

    /// Makes sure that nobody else can change the policy.
    ///
    /// The folders count for the layers that are sought: there, a file that was taken away would
    /// pass for none. One that the command line names must be there, so its folders are left alone.
    pub(super) fn check(
        &self,
        origin: Origin,
        file: &PolicyFile,
        home: Option<&Path>,
    ) -> Result<(), Error> {
        let (owners, folders) = match origin {
            Origin::BuiltIn => return Ok(()),
            Origin::System => (&self.system, folders_of(&file.path, None)?),
            Origin::User => (&self.user, folders_of(&file.path, home)?),
            Origin::Given => (&self.user, Vec::new()),
        };
        check_one(owners, &file.path, &file.path, &file.metadata)?;
        for folder in folders {
            let metadata = fs::metadata(&folder).map_err(|error| Error::Unreadable {
                file: file.path.clone(),
                reason: format!("{}: {error}", folder.display()),
            })?;
            check_one(owners, &file.path, &folder, &metadata)?;
        }
        Ok(())
    }
}

/// Returns the folders above a file, both where it is named and where links lead; none above `home`.
fn folders_of(path: &Path, home: Option<&Path>) -> Result<Vec<PathBuf>, Error> {
    let resolved = |path: &Path| {
        fs::canonicalize(path).map_err(|error| Error::Unreadable {
            file: path.to_owned(),
            reason: error.to_string(),
        })
    };
    let home = home.and_then(|home| fs::canonicalize(home).ok());
    let mut folders = Vec::new();
    let above = path.parent().map(resolved).transpose()?;
    let file = resolved(path)?;
    for chain in [above.as_deref(), file.parent()].into_iter().flatten() {
        for folder in chain.ancestors() {
            if !folders.iter().any(|known| known == folder) {
                folders.push(folder.to_owned());
            }
            if home.as_deref() == Some(folder) {
                break;
            }
        }
    }
    Ok(folders)
}

fn check_one(owners: &[u32], policy: &Path, path: &Path, metadata: &Metadata) -> Result<(), Error> {
    let Some((reason, mend)) = objection(
        owners,
        metadata.uid(),
        metadata.mode(),
        metadata.is_dir(),
        &path.display().to_string(),
    ) else {
        return Ok(());
    };
    Err(Error::Untrusted {
        file: policy.to_owned(),
        reason,
        mend,
    })
}

/// Returns what speaks against a file or folder with this owner and mode, and what would mend that.
fn objection(
    owners: &[u32],
    owner: u32,
    mode: u32,
    is_folder: bool,
    name: &str,
) -> Option<(String, String)> {
    if !owners.contains(&owner) {
        let (who, mend) = match owners {
            [ROOT] => ("not root", "chown root"),
            _ => ("neither root nor you", "chown \"$USER\""),
        };
        return Some((
            format!("{name} belongs to the user with the number {owner}, {who}"),
            format!("`{mend} {name}`, after a look at what it says"),
        ));
    }
    let who = match mode & OTHERS_CAN_WRITE {
        0 => return None,
        _ if is_folder && mode & STICKY != 0 => return None,
        0o020 => "its group",
        0o002 => "everybody",
        _ => "its group and everybody",
    };
    Some((
        format!(
            "{name} can be changed by {who} (mode {:04o})",
            mode & 0o7777
        ),
        format!("`chmod go-w {name}`, after a look at what it says"),
    ))
}

#[expect(
    unsafe_code,
    reason = "the standard library does not tell the process's user"
)]
fn effective_user() -> u32 {
    // SAFETY: it takes nothing, changes nothing and cannot fail.
    unsafe { libc::geteuid() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: u32 = 1000;

    fn objects(owners: &[u32], owner: u32, mode: u32, is_folder: bool) -> bool {
        objection(owners, owner, mode, is_folder, "x").is_some()
    }

    #[test]
    fn a_file_is_its_keepers_alone_to_change() {
        for (owner, mode, is_refused) in [
            (ROOT, 0o100644, false),
            (ME, 0o100644, false),
            (ME, 0o100600, false),
            (ME, 0o100444, false),
            (ME, 0o100664, true),
            (ME, 0o100646, true),
            (ROOT, 0o100666, true),
            // Stickiness says nothing of files.
            (ME, 0o101666, true),
            (ME + 1, 0o100600, true),
            (65534, 0o100644, true),
        ] {
            let refused = objects(&[ROOT, ME], owner, mode, false);
            assert_eq!(refused, is_refused, "{owner} {mode:o}");
        }
        assert!(objects(&[ROOT], ME, 0o100644, false));
        assert!(!objects(&[ROOT], ROOT, 0o100644, false));
    }

    #[test]
    fn a_folder_from_which_others_can_take_files_away_is_refused() {
        for (owner, mode, is_refused) in [
            (ROOT, 0o040755, false),
            (ME, 0o040700, false),
            (ROOT, 0o041777, false),
            (ROOT, 0o040777, true),
            (ME, 0o040775, true),
            (ME, 0o042775, true),
            // Its owner can take everything away, sticky or not.
            (ME + 1, 0o041777, true),
        ] {
            let refused = objects(&[ROOT, ME], owner, mode, true);
            assert_eq!(refused, is_refused, "{owner} {mode:o}");
        }
    }
}
