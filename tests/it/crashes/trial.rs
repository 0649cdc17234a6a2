//! One run that is cut short, and the next one, which is not.

use std::fs::{self, File};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use keepdocker_sandbox::faults::{Action, Fault};

use super::judge::{Log, Trial, judge};
use super::moments::{Moment, Signal, When};
use crate::fault_matrix::{End, Place, Registered, Scene, Verb, Whom, secret, without_uuids};
use crate::support::Python;

/// A program has a second; a busy machine needs some time of its own.
const SOON: Duration = Duration::from_secs(4);
const PATIENCE: Duration = Duration::from_secs(60);

/// What there is before the runs of a verb, and how it is run undisturbed.
pub(super) struct Ground {
    scene: Scene,
    /// How a second run ends that finds the work done.
    twice: End,
    /// What it leaves then.
    done_twice: Registered,
    took: Duration,
    /// How many runs were cut short; others had ended before.
    cut: AtomicUsize,
}

impl Ground {
    /// Lets a verb run undisturbed, twice.
    pub(super) fn of(verb: Verb) -> Ground {
        let scene = Scene::of(verb);
        let place = scene.place();
        let begin = Instant::now();
        let clean = place.run(&[]);
        let took = begin.elapsed();
        assert_eq!(clean.printed, scene.clean().printed, "{verb:?}");
        let twice = place.run(&[]);
        let done_twice = Registered::of(&place.cluster);
        drop(place);
        // Whoever forces an upload wants another one.
        let is_same = done_twice.all == scene.done().all;
        assert!(is_same || verb == Verb::Force, "{verb:?}: {}", twice.told);
        Ground {
            scene,
            twice,
            done_twice,
            took,
            cut: AtomicUsize::new(0),
        }
    }

    /// How many runs were cut short so far.
    pub(super) fn cut(&self) -> usize {
        self.cut.load(Ordering::Relaxed)
    }

    pub(super) fn verb(&self) -> Verb {
        self.scene.verb()
    }

    /// How many requests to the cluster a run makes.
    pub(super) fn requests(&self) -> usize {
        self.scene.steps(Whom::Cluster).len()
    }

    /// Cuts a run short, lets another one follow, and returns what falls short.
    pub(super) fn try_moment(&self, moment: &Moment, python: Option<&Python>) -> Vec<String> {
        let place = self.scene.place();
        let seen = |place: &Place<'_>| python.map_or_else(String::new, |python| see(python, place));
        let at_first = seen(&place);
        let (status, end, took) = self.cut_short(&place, moment);
        self.cut
            .fetch_add(usize::from(!status.success()), Ordering::Relaxed);
        let left = place.left();
        let after = Registered::of(&place.cluster);
        let log = verify(&place);
        let seen_then = seen(&place);
        let again = place.run(&[]);
        let last = Registered::of(&place.cluster);
        let mut short = judge(&Trial {
            verb: self.verb(),
            before: self.scene.before(),
            done: self.scene.done(),
            clean: self.scene.clean(),
            twice: &self.twice,
            done_twice: &self.done_twice,
            secret: &secret(&place.cluster),
            signal: moment.signal,
            status,
            took,
            end,
            left,
            log,
            after,
            again,
            left_at_last: place.left(),
            log_at_last: verify(&place),
            last,
        });
        if took > SOON {
            short.push(format!("it does not end within {SOON:?}"));
        }
        if python.is_some() {
            let seen_last = seen(&place);
            // A copy that has no name yet is whole, and listed by its ID.
            let seen_then = with_names(&seen_then);
            let is_twin = self.verb() == Verb::Force && has_one_row_more(&seen_then, &at_first);
            if ![&at_first, &seen_last]
                .map(|seen| with_names(seen))
                .contains(&seen_then)
                && self.verb() != Verb::Prune
                && !is_twin
            {
                short.push(format!(
                    "Python sees {seen_then}, not {at_first} or {seen_last}"
                ));
            }
            let clean = self.scene.place();
            let _ = clean.run(&[]);
            let expected = seen(&clean);
            // One that was forced, and killed once it was stored, may stay beside the next one, with or without its name.
            let is_twin = self.verb() == Verb::Force && has_one_row_more(&seen_last, &expected);
            if seen_last != expected && !is_twin {
                short.push(format!(
                    "Python sees {seen_last}, not {expected} in the end"
                ));
            }
        }
        short
    }

    fn cut_short(&self, place: &Place<'_>, moment: &Moment) -> (ExitStatus, End, Duration) {
        let home = place.environment.home();
        let (printed, told) = (home.join("printed"), home.join("told"));
        let program = env!("CARGO_BIN_EXE_keepdocker");
        if let When::Request { number, late, .. } = moment.when {
            let fault = Fault::on("", Action::Delay(late)).after(number);
            place.cluster.faults().plan(fault);
        }
        let mut child = place
            .environment
            .prepared(program, &place.words(&["--retries", "0"]))
            .stdin(Stdio::null())
            .stdout(File::create(&printed).unwrap())
            .stderr(File::create(&told).unwrap())
            .spawn()
            .unwrap();
        match moment.when {
            When::Part(thousandths) => {
                let part = self.took.as_secs_f64() * thousandths as f64 / 1000.0;
                std::thread::sleep(Duration::from_secs_f64(part));
            }
            When::Request { after, .. } => {
                let deadline = Instant::now() + PATIENCE;
                while place.cluster.faults().met() == 0 && child.try_wait().unwrap().is_none() {
                    assert!(Instant::now() < deadline, "the request never came");
                    std::thread::sleep(Duration::from_micros(200));
                }
                std::thread::sleep(after);
            }
        }
        let (status, took) = end(&mut child, moment.signal);
        place.cluster.faults().clear();
        let text = |path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        let end = End {
            code: status.code(),
            printed: without_uuids(&text(printed)),
            told: text(told),
            made: place.made(),
        };
        (status, end, took)
    }
}

/// Sends a signal to what goes on still, and waits for its end; returns how long that took.
fn end(child: &mut Child, signal: Signal) -> (ExitStatus, Duration) {
    if let Some(status) = child.try_wait().unwrap() {
        return (status, Duration::ZERO);
    }
    // Until it is waited for, its number belongs to nobody else.
    let words = [format!("-{}", signal.name()), child.id().to_string()];
    assert!(Command::new("kill").args(words).status().unwrap().success());
    let sent = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return (status, sent.elapsed());
        }
        if sent.elapsed() > SOON {
            child.kill().unwrap();
            return (child.wait().unwrap(), sent.elapsed());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The status of a look at all logs of an environment.
fn verify(place: &Place<'_>) -> Log {
    let verified = place.environment.keepdocker(&["audit", "verify"]);
    let told = format!("{}{}", verified.stdout(), verified.stderr);
    Log::read(verified.status.code(), told)
}

/// What the Python program lists.
fn see(python: &Python, place: &Place<'_>) -> String {
    let listed = python.run::<&str>(&place.environment, "arv-keepdocker", &[]);
    without_uuids(&listed.success())
}

/// The rows of images that have names.
fn with_names(listed: &str) -> String {
    let rows = listed.split_inclusive('\n');
    rows.filter(|row| !row.starts_with("<none>")).collect()
}

/// Tells whether a list has the rows of another, and once more that of an image that is in it, whatever its name.
fn has_one_row_more(listed: &str, expected: &str) -> bool {
    let mut rows: Vec<&str> = listed.lines().collect();
    for row in expected.lines() {
        match rows.iter().position(|other| *other == row) {
            Some(place) => rows.remove(place),
            None => return false,
        };
    }
    // The image's ID, its collection, and when it was built.
    let image = |row: &str| row.split_whitespace().skip(2).collect::<Vec<_>>().join(" ");
    let [more] = rows[..] else { return false };
    expected.lines().any(|row| image(row) == image(more))
}

#[test]
fn only_an_image_that_is_listed_may_be_listed_once_more() {
    let row = |name: &str, id: &str| format!("{name}  sha256:{id}  UUID  Thu Jan  1\n");
    let expected = row("lab/tool  1", "aa");
    let twin = |more: String| has_one_row_more(&(expected.clone() + &more), &expected);
    assert!(twin(row("lab/tool  1", "aa")) && twin(row("<none>  <none>", "aa")));
    assert!(!twin(String::new()) && !twin(row("<none>  <none>", "bb")));
    assert!(!twin(row("lab/tool  1", "aa").repeat(2)));
    assert!(!has_one_row_more(
        &row("<none>  <none>", "aa").repeat(2),
        &expected
    ));
}
