//! Keeping a host and a token in the user's `settings.conf`, where all Arvados clients look, or in the file of a cluster.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use super::Environment;
use super::base_directories::config_files;

/// The settings that are kept.
const HOST: &str = "ARVADOS_API_HOST";
const TOKEN: &str = "ARVADOS_API_TOKEN";

/// Keeps both in the user's file, which nobody else can read afterwards, and returns its path. Its other lines stay.
///
/// # Errors
/// If there is no home directory for it, or the file cannot be read or written.
pub(crate) fn keep(environment: &Environment, host: &str, token: &str) -> io::Result<PathBuf> {
    let file = file(environment).ok_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, "there is no home directory for it")
    })?;
    let folder = file.parent().unwrap_or(Path::new("/"));
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    // Where the file is a link, what it leads to is written.
    let target = match fs::canonicalize(&file) {
        Ok(target) => target,
        Err(error) if error.kind() == io::ErrorKind::NotFound => file.clone(),
        Err(error) => return Err(error),
    };
    let before = match fs::read_to_string(&target) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    let folder = target.parent().unwrap_or(Path::new("/"));
    // Such a file is made for its owner alone, and takes the place of the other at once or not at all.
    let mut written = tempfile::NamedTempFile::new_in(folder)?;
    written.write_all(with(&before, host, token).as_bytes())?;
    written.as_file().sync_all()?;
    written.persist(&target).map_err(|error| error.error)?;
    Ok(file)
}

/// Returns why what is kept does not count, if so: something else comes before it.
pub(crate) fn hidden_by(environment: &Environment) -> Option<String> {
    let set = [HOST, TOKEN]
        .into_iter()
        .find(|name| environment.raw(name).is_some());
    if let Some(name) = set {
        return Some(format!(
            "the variable {name} is set, and wins over the file; unset it"
        ));
    }
    let own = file(environment)?;
    let places = config_files(environment, &environment.settings_file()).into_iter();
    let mut before = places.take_while(|place| place.path != own);
    let first = before.find(|place| !place.is_default_elsewhere && place.path.exists())?;
    Some(format!("{} is read in its place", first.path.display()))
}

/// Returns the file of the user.
fn file(environment: &Environment) -> Option<PathBuf> {
    let base = environment
        .absolute_path("XDG_CONFIG_HOME")
        .or_else(|| Some(environment.home()?.join(".config")))?;
    Some(base.join("arvados").join(environment.settings_file()))
}

/// Returns the text of a file with these values in the place of those that it has.
fn with(text: &str, host: &str, token: &str) -> String {
    let is_of = |line: &str, name: &str| {
        line.split_once('=')
            .is_some_and(|(before, _)| before.trim() == name)
    };
    let others = text
        .lines()
        .filter(|line| !is_of(line, HOST) && !is_of(line, TOKEN));
    let mut kept: String = others.map(|line| format!("{line}\n")).collect();
    kept.push_str(&format!("{HOST}={host}\n{TOKEN}={token}\n"));
    kept
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_token_is_kept_for_its_owner_alone_beside_what_was_there() {
        let home = tempfile::tempdir().unwrap();
        let environment = Environment::default().with("HOME", home.path());
        let file = keep(&environment, "a.example.org", "first").unwrap();
        assert_eq!(file, home.path().join(".config/arvados/settings.conf"));
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, format!("# mine\nARVADOS_DEBUG=1\n{text}")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();

        let real = home.path().join("elsewhere.conf");
        fs::rename(&file, &real).unwrap();
        symlink(&real, &file).unwrap();
        keep(&environment, "b.example.org:8443", "second").unwrap();
        assert_eq!(
            fs::read_to_string(&real).unwrap(),
            "# mine\nARVADOS_DEBUG=1\nARVADOS_API_HOST=b.example.org:8443\nARVADOS_API_TOKEN=second\n"
        );
        let mode = fs::metadata(&real).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(fs::symlink_metadata(&file).unwrap().is_symlink());
    }

    #[test]
    fn what_comes_before_the_file_is_told() {
        let home = tempfile::tempdir().unwrap();
        let environment = Environment::default()
            .with("HOME", home.path())
            .with("XDG_CONFIG_DIRS", "/nonexistent");
        assert_eq!(hidden_by(&environment), None);
        let set = environment.clone().with(TOKEN, "x");
        assert!(
            hidden_by(&set)
                .unwrap()
                .contains("ARVADOS_API_TOKEN is set")
        );
        let unit = environment.with("CONFIGURATION_DIRECTORY", home.path());
        assert_eq!(hidden_by(&unit), None, "nothing is there");
        fs::write(home.path().join("settings.conf"), "").unwrap();
        assert!(hidden_by(&unit).unwrap().contains("settings.conf is read"));
    }
}
