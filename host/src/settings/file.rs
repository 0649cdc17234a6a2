//! The settings file: where it is sought, and what a line means.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Environment;
use super::base_directories::{self, ConfigPlace};

/// More than this is no settings file.
const MAXIMUM_SIZE: u64 = 1 << 20;

/// What the search for a settings file brought.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The file, if there is one.
    pub(super) path: Option<PathBuf>,
    /// Why it sets nothing, where it cannot be read.
    pub(super) problem: Option<String>,
    /// What it sets.
    pub(super) values: BTreeMap<String, String>,
    /// Every place that was looked at.
    pub(super) searched: Vec<PathBuf>,
}

/// Reads the first settings file that exists.
///
/// One that cannot be read counts as found and sets nothing, as with the other Arvados programs.
pub(super) fn find(environment: &Environment, warnings: &mut Vec<String>) -> Found {
    let mut found = Found::default();
    for place in base_directories::config_files(environment, &environment.settings_file()) {
        let ConfigPlace {
            path,
            is_default_elsewhere,
        } = place;
        if is_default_elsewhere {
            // Not searched, but a file here means that the user expects it to be.
            if found.path.is_none() && path.exists() {
                warnings.push(format!(
                    "XDG_CONFIG_HOME points elsewhere, so {} is not read; to have it read, add \
                     its base to XDG_CONFIG_DIRS",
                    path.display()
                ));
            }
            continue;
        }
        if found.path.is_some() {
            continue;
        }
        found.searched.push(path.clone());
        if !path.exists() {
            continue;
        }
        match read(&path) {
            Ok(text) => {
                found.values = parse(&text);
                warnings.extend(note_of_exports(&path, &text));
            }
            Err(error) => found.problem = Some(error.to_string()),
        }
        found.path = Some(path);
    }
    found
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAXIMUM_SIZE)
        .read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Returns the settings in a file's text, as the Go programs of Arvados read it.
///
/// A setting ends at the first `=`, blanks around both sides do not count, and a line that does
/// not set an `ARVADOS_` variable is passed over. (The Python programs fail on such lines.)
fn parse(text: &str) -> BTreeMap<String, String> {
    text.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim()))
        .filter(|(name, _)| name.starts_with("ARVADOS_"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Says that lines are passed over that were written for a shell, as the dialog of Workbench shows
/// them.
fn note_of_exports(path: &Path, text: &str) -> Option<String> {
    let name = text.lines().find_map(|line| {
        let (name, _) = line.trim().strip_prefix("export ")?.split_once('=')?;
        let name = name.trim();
        name.starts_with("ARVADOS_").then_some(name)
    })?;
    Some(format!(
        "lines of {} that begin with `export` are not read, such as that of {}; leave that word out",
        path.display(),
        crate::harmless::one_line(name, 80)
    ))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_line_sets_one_variable_or_is_passed_over() {
        let values = parse(
            "# ARVADOS_A=1\n ARVADOS_B = 2 = 3 \r\nARVADOS_C\nexport ARVADOS_D=4\n\
             ARVADOS_E=\nPATH=/bin\n=x\nARVADOS_B2=\"quoted\"\nARVADOS_F=old\nARVADOS_F=new\n",
        );
        let values: Vec<(&str, &str)> = values
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        assert_eq!(
            values,
            [
                ("ARVADOS_B", "2 = 3"),
                ("ARVADOS_B2", "\"quoted\""),
                ("ARVADOS_E", ""),
                ("ARVADOS_F", "new"),
            ]
        );
    }

    #[test]
    fn lines_for_a_shell_are_told() {
        let note = |text: &str| note_of_exports(Path::new("/s.conf"), text);
        let told = note("ARVADOS_A=1\n export ARVADOS_API_TOKEN=s3cr3t\n").unwrap();
        assert!(
            told.contains("/s.conf") && told.contains("`export`"),
            "{told}"
        );
        assert!(
            told.contains("ARVADOS_API_TOKEN") && !told.contains("s3cr3t"),
            "{told}"
        );
        assert_eq!(
            note("# export ARVADOS_A=1\nexport PATH=/bin\nARVADOS_B=export\n"),
            None
        );
    }

    #[test]
    fn the_first_file_counts_alone() {
        let root = tempfile::tempdir().unwrap();
        let write = |folder: &str, text: &str| {
            let folder = root.path().join(folder);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("settings.conf"), text).unwrap();
        };
        write(
            "system/arvados",
            "ARVADOS_API_HOST=system\nARVADOS_API_TOKEN=t\n",
        );
        let environment = Environment::default()
            .with("HOME", root.path().join("home"))
            .with("XDG_CONFIG_DIRS", root.path().join("system"));
        let mut warnings = Vec::new();

        assert_eq!(
            find(&environment, &mut warnings).values["ARVADOS_API_HOST"],
            "system"
        );

        write("home/.config/arvados", "ARVADOS_API_HOST=home\n");
        let found = find(&environment, &mut warnings);
        assert_eq!(found.values["ARVADOS_API_HOST"], "home");
        assert!(!found.values.contains_key("ARVADOS_API_TOKEN"));

        let unit = environment
            .clone()
            .with("CONFIGURATION_DIRECTORY", root.path().join("unit"));
        write("unit", "ARVADOS_API_HOST=unit\n");
        assert_eq!(
            find(&unit, &mut warnings).values["ARVADOS_API_HOST"],
            "unit"
        );
        assert_eq!(warnings, Vec::<String>::new());
    }

    #[test]
    fn a_file_hidden_by_another_config_home_is_mentioned() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(".config/arvados");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("settings.conf"), "ARVADOS_API_HOST=home\n").unwrap();
        let environment = Environment::default()
            .with("HOME", root.path())
            .with("XDG_CONFIG_DIRS", "/nonexistent")
            .with("XDG_CONFIG_HOME", root.path().join("other"));
        let mut warnings = Vec::new();

        let found = find(&environment, &mut warnings);

        assert_eq!(found.path, None);
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].contains("XDG_CONFIG_DIRS"), "{}", warnings[0]);
    }
}
