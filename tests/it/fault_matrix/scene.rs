//! What there is before a run, and the run that meets a fault in it.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use keepdocker_sandbox::Options;
use keepdocker_sandbox::faults::{Action, Fault as Planned};
use tempfile::TempDir;

use super::Case;
use super::door::{Certificates, Door};
use super::engine::Front;
use super::faults::{Fault, Manner};
use super::judge::{End, Trial, judge};
use super::registered::Registered;
use super::registry::Registry;
use super::verbs::Verb;
use crate::support::{Cluster, Environment};

/// Whom a step has to do with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whom {
    Cluster,
    Registry,
    Engine,
    /// What is on the way to a registry: names, and TLS.
    Door,
}

impl Whom {
    pub(crate) const ALL: [Whom; 4] = [Whom::Cluster, Whom::Registry, Whom::Engine, Whom::Door];
}

/// What there is before the runs of a verb, and what a clean run makes of it.
pub(crate) struct Scene {
    verb: Verb,
    /// The cluster before; each run gets a copy.
    folder: TempDir,
    registry: Registry,
    /// What the registry shows where it has TLS.
    certificates: Option<Arc<Certificates>>,
    steps: [Vec<String>; 4],
    before: Registered,
    done: Registered,
    clean: End,
    /// Numbers the runs.
    runs: AtomicUsize,
}

/// Where a run takes place.
pub(crate) struct Place<'a> {
    scene: &'a Scene,
    pub(crate) cluster: Cluster,
    pub(crate) environment: Environment,
    /// The name of its repository in the registry, which is its own.
    repository: String,
    door: Option<Door>,
}

impl Scene {
    /// Makes what there is before the runs of a verb, and lets one go by undisturbed.
    pub(crate) fn of(verb: Verb) -> Scene {
        Scene::with(verb, None)
    }

    /// The same with a registry that has a name and TLS, and with no steps but the ways to it; none where that cannot be, which is
    /// told.
    pub(super) fn behind_doors() -> Option<Scene> {
        let certificates = Arc::new(Certificates::make()?);
        // It is gone at once, and shows that there can be others.
        let _ = Door::open(&certificates, "", &Environment::new())?;
        Some(Scene::with(Verb::Secure, Some(certificates)))
    }

    fn with(verb: Verb, certificates: Option<Arc<Certificates>>) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        let cluster = Cluster::start();
        verb.prepare(&cluster);
        copy(cluster.folder(), folder.path());
        drop(cluster);
        // Links of one second are looked at more closely, and the runs that meet faults come later, too.
        thread::sleep(Duration::from_millis(1100));
        let mut scene = Scene {
            verb,
            folder,
            registry: Registry::start(),
            certificates,
            steps: Default::default(),
            before: Registered::default(),
            done: Registered::default(),
            clean: End::default(),
            runs: AtomicUsize::new(0),
        };
        let place = scene.place();
        let before = Registered::of(&place.cluster);
        place.cluster.log().clear();
        let clean = place.run(&["--retries", "0"]);
        assert_eq!(clean.code, Some(0), "{verb:?}: {clean:?}");
        let steps = place.steps();
        let done = Registered::of(&place.cluster);
        assert_eq!(done.broken, Vec::<String>::new(), "{verb:?}");
        drop(place);
        (scene.before, scene.steps, scene.done, scene.clean) = (before, steps, done, clean);
        scene
    }

    /// What the runs do.
    pub(crate) fn verb(&self) -> Verb {
        self.verb
    }

    /// What the cluster has before a run.
    pub(crate) fn before(&self) -> &Registered {
        &self.before
    }

    /// What a clean run leaves in the cluster.
    pub(crate) fn done(&self) -> &Registered {
        &self.done
    }

    /// How a clean run ends.
    pub(crate) fn clean(&self) -> &End {
        &self.clean
    }

    /// The steps of a clean run that have to do with a party.
    pub(crate) fn steps(&self, whom: Whom) -> &[String] {
        &self.steps[whom as usize]
    }

    /// What a case is called, for people.
    pub(crate) fn name_of(&self, case: &Case) -> String {
        let Case {
            verb,
            whom,
            step,
            fault,
            manner,
        } = case;
        let what = &self.steps(*whom)[*step];
        format!("{verb:?}, {whom:?} step {step} ({what}), {fault:?} {manner:?}")
    }

    /// Lets a run meet a fault, and returns what falls short.
    pub(crate) fn try_case(&self, case: &Case) -> Vec<String> {
        // On a loaded machine a run may need more time to come to the step.
        for deadline in [4, 20] {
            let place = self.place();
            place.plan(case);
            let policy = match case.fault.takes_for_ever() {
                true => place.policy(deadline),
                false => String::new(),
            };
            let end = match policy.as_str() {
                "" => place.run(&["--retries", "0"]),
                file => place.run(&["--retries", "0", "--policy", file]),
            };
            if !place.clear(case.whom) {
                continue;
            }
            let left = place.left();
            let after = Registered::of(&place.cluster);
            let again = place.run(&[]);
            return judge(&Trial {
                verb: self.verb,
                fault: case.fault,
                hosts: &place.hosts(),
                secret: &secret(&place.cluster),
                before: &self.before,
                done: &self.done,
                clean: &self.clean,
                end,
                left,
                after,
                again,
                last: Registered::of(&place.cluster),
            });
        }
        vec!["no run came to this step".into()]
    }

    /// What there is before a run, once more.
    pub(crate) fn place(&self) -> Place<'_> {
        self.place_on(self.folder.path())
    }

    /// A machine without any history, and a copy of the cluster in a folder.
    pub(crate) fn place_on(&self, cluster: &Path) -> Place<'_> {
        let folder = tempfile::tempdir().unwrap();
        copy(cluster, folder.path());
        let cluster = Cluster::open(folder, Options::default());
        let mut environment = Environment::on(&cluster);
        self.verb.equip(&mut environment);
        let certificates = self.certificates.as_ref();
        let door = certificates.map(|certificates| {
            Door::open(certificates, &self.registry.host(), &environment).unwrap()
        });
        Place {
            scene: self,
            door,
            cluster,
            environment,
            repository: format!("run{}", self.runs.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

impl Place<'_> {
    /// Runs the verb to its end.
    pub(crate) fn run(&self, options: &[&str]) -> End {
        let words = self.words(options);
        let output = match &self.door {
            Some(door) => door.keepdocker(&self.environment, &words),
            None => self.environment.keepdocker(&words),
        };
        End {
            code: output.status.code(),
            printed: without_uuids(&output.stdout()),
            told: output.stderr,
            made: self.made(),
        }
    }

    /// What follows the program's name.
    pub(crate) fn words(&self, options: &[&str]) -> Vec<String> {
        let verb = self.scene.verb;
        let registry = match &self.door {
            Some(door) => door.host(),
            None => self.scene.registry.host(),
        };
        let source = format!("docker://{registry}/{}/tool:1", self.repository);
        let mut words = verb.arguments(&self.environment, &source);
        words.extend(options.iter().map(|word| (*word).to_owned()));
        words
    }

    /// What the verb has made outside of the cluster.
    pub(crate) fn made(&self) -> Option<Vec<u8>> {
        self.scene.verb.made(&self.environment)
    }

    /// The steps of the run that was just made.
    fn steps(&self) -> [Vec<String>; 4] {
        let requested = self.scene.registry.requests(&self.repository);
        if self.door.is_some() {
            // All else is as without.
            return [Vec::new(), Vec::new(), Vec::new(), requested];
        }
        let entries = self.cluster.log().entries();
        let asked = entries
            .iter()
            .map(|entry| format!("{} {}", entry.method, entry.path));
        [
            asked.collect(),
            requested,
            Front::calls(&self.environment),
            Vec::new(),
        ]
    }

    fn plan(&self, case: &Case) {
        let times = match case.manner {
            Manner::Once => 1,
            Manner::Stays => usize::MAX,
        };
        match case.whom {
            Whom::Cluster => {
                let action = match case.fault {
                    Fault::Handshake => Action::CloseHandshakes(times),
                    other => other.action(&self.cluster.token()),
                };
                let fault = Planned::on("", action).after(case.step).times(times);
                self.cluster.log().clear();
                self.cluster.faults().plan(fault);
            }
            Whom::Registry => {
                let registry = &self.scene.registry;
                registry.plan(&self.repository, case.step, case.fault, case.manner);
            }
            Whom::Door => {
                let door = self.door.as_ref().unwrap();
                door.plan(case.step, case.fault, case.manner);
            }
            Whom::Engine => {
                let script = case.fault.script(&Verb::image().id());
                Front::plan(&self.environment, case.step, &script);
            }
        }
    }

    /// Takes away what was planned, and tells whether the run met it.
    fn clear(&self, whom: Whom) -> bool {
        let was_met = match whom {
            Whom::Cluster => self.cluster.faults().met() > 0,
            Whom::Registry => self.scene.registry.clear(&self.repository),
            Whom::Engine => Front::was_met(&self.environment),
            Whom::Door => self.door.as_ref().is_some_and(Door::clear),
        };
        self.cluster.faults().clear();
        Front::clear(&self.environment);
        was_met
    }

    /// What a run has left behind that serves no later one.
    pub(crate) fn left(&self) -> Vec<String> {
        let mut left = Vec::new();
        let home = self.environment.home();
        for file in files(home) {
            let name = file.strip_prefix(home).unwrap().display().to_string();
            let is_empty = fs::metadata(&file).is_ok_and(|data| data.len() == 0);
            let is_kept = ["cache/", "state/", "data/"]
                .iter()
                .any(|folder| name.starts_with(folder));
            if name.contains(".part")
                || name.starts_with("tmp/")
                || (is_kept && is_empty && !name.ends_with(".lock"))
            {
                left.push(name);
            }
        }
        let patience = Instant::now() + Duration::from_secs(3);
        while Front::goes_on(&self.environment) && Instant::now() < patience {
            thread::sleep(Duration::from_millis(20));
        }
        if Front::goes_on(&self.environment) {
            left.push("the engine's process".into());
        }
        left
    }

    /// A policy that gives a run so many seconds.
    fn policy(&self, deadline: u32) -> String {
        let file = self.environment.home().join("policy.toml");
        let text = format!(
            "schema = \"keepdocker.policy/1\"\nlimits.deadline = \"{deadline}s\"\n\
             [[allow]]\nid = \"all\"\nverbs = [\"*\"]\nreason = \"test\"\n"
        );
        fs::write(&file, text).unwrap();
        file.display().to_string()
    }

    /// The hosts that a message may name.
    fn hosts(&self) -> Vec<String> {
        let keep = self.cluster.keep_urls().into_iter();
        let keep = keep.map(|url| url.split('/').nth(2).unwrap().to_owned());
        let others = [self.cluster.api_host(), self.scene.registry.host()];
        keep.chain(others).collect()
    }
}

/// The part of the token that nobody may see.
pub(crate) fn secret(cluster: &Cluster) -> String {
    cluster.token().rsplit('/').next().unwrap().to_owned()
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.file_type().unwrap().is_dir() {
            true => files.extend(self::files(&entry.path())),
            false => files.push(entry.path()),
        }
    }
    files
}

pub(crate) fn copy(from: &Path, to: &Path) {
    let from = from.join(".");
    let copied = Command::new("cp")
        .arg("-a")
        .args([from.as_path(), to])
        .status();
    assert!(copied.unwrap().success());
}

/// A text in which UUIDs are not told apart.
pub(crate) fn without_uuids(text: &str) -> String {
    let is_uuid = |word: &str| {
        let lengths: Vec<usize> = word.split('-').map(str::len).collect();
        lengths == [5, 5, 15]
    };
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let mut changed = String::new();
    for piece in text.split_inclusive(|letter| !is_part(letter)) {
        let word = piece.trim_end_matches(|letter| !is_part(letter));
        match is_uuid(word) {
            true => changed += &piece.replace(word, "UUID"),
            false => changed += piece,
        }
    }
    changed
}
