//! A disk that is full at any write: of the cache, of the log, of temporary files and of what is written.
//!
//! Everything that a run writes lies on a file system of its own, which is a page larger for each run, so that
//! another write is the first that fails. Then there is room, and the same command runs again.

use std::fs;

use super::{Extent, SIDE_BY_SIDE};
use crate::fault_matrix::{Registered, copy};
use crate::support::{Cluster, Environment, Made, Tally, skip};

const NAME: &str = "lab/full:1";
/// In which the first run fits for sure, in pages.
const MOST: usize = 60;

/// What a run does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    /// List the images.
    List,
    /// Upload an archive from a pipe, by way of a copy on the disk.
    Stream,
    /// Upload what the engine has.
    File,
    /// Save the image to a file on the disk.
    Save,
    /// Make a plan, and keep it on the disk.
    Plan,
}

impl Task {
    const ALL: [Task; 5] = [Task::List, Task::Stream, Task::File, Task::Save, Task::Plan];

    /// The command line, for a shell in the home folder.
    fn words(self) -> &'static str {
        match self {
            Task::List => "images",
            Task::Stream => "upload --from - --block-layout dense lab/full:1 <image.tar",
            Task::File => "upload --from docker-archive:image.tar lab/full:1",
            Task::Save => "save lab/full:1 --output disk/saved.tar",
            Task::Plan => "plan --from docker-archive:image.tar lab/full:1 -o disk/plan.json",
        }
    }

    fn image() -> Made {
        Made::of(&[(81, 30_000)])
    }
}

/// What was there before each run of a task, and what one with room does.
struct Ground {
    task: Task,
    cluster: tempfile::TempDir,
    before: Registered,
    done: Registered,
    printed: String,
}

/// How a run with so many pages ended, and the next one, which has room.
struct End {
    first: Run,
    second: Run,
    verified: Run,
    after: Registered,
    last: Registered,
    /// The file that the first one wrote.
    made: Option<Vec<u8>>,
}

struct Run {
    code: String,
    printed: String,
    told: String,
}

impl Ground {
    fn of(task: Task) -> Option<Ground> {
        let cluster = Cluster::start();
        if task == Task::Save {
            let environment = Environment::on(&cluster);
            fs::write(
                environment.home().join("image.tar"),
                Task::image().saved(&[NAME]),
            )
            .unwrap();
            let words = ["upload", "--from", "docker-archive:image.tar", NAME];
            let _ = environment.keepdocker(&words).success();
        }
        let folder = tempfile::tempdir().unwrap();
        copy(cluster.folder(), folder.path());
        let mut ground = Ground {
            task,
            before: Registered::of(&cluster),
            cluster: folder,
            done: Registered::default(),
            printed: String::new(),
        };
        drop(cluster);
        let end = ground.run(10 * MOST)?;
        assert_eq!(end.first.code, "0", "{task:?}: {}", end.first.told);
        (ground.done, ground.printed) = (end.last, end.second.printed);
        Some(ground)
    }

    /// Runs the task with so many pages, and again with room; none if there cannot be such a disk.
    fn run(&self, pages: usize) -> Option<End> {
        let folder = tempfile::tempdir().unwrap();
        copy(self.cluster.path(), folder.path());
        let cluster = Cluster::open(folder, keepdocker_sandbox::Options::default());
        let mut environment = Environment::on(&cluster);
        let home = environment.home().to_owned();
        fs::write(home.join("image.tar"), Task::image().saved(&[NAME])).unwrap();
        fs::create_dir(home.join("disk")).unwrap();
        for (name, folder) in [
            ("XDG_CACHE_HOME", "disk/cache"),
            ("XDG_STATE_HOME", "disk/state"),
            ("TMPDIR", "disk/tmp"),
        ] {
            environment.set(name, home.join(folder));
        }
        let script = format!(
            "mount -t tmpfs -o size={pages}k none disk || exit 99\n\
             mkdir disk/cache disk/state disk/tmp\n\
             run() {{ name=$1; shift; \"$@\" >$name.printed 2>$name.told; echo $? >$name.code; }}\n\
             task() {{ \"$0\" {words}; }}\n\
             run first task\n\
             cp disk/saved.tar . 2>/dev/null\n\
             [ \"$(cat first.code)\" != 0 ] || rm -f disk/plan.json\n\
             until [ -e registered ]; do sleep 0.01; done\n\
             mount -o remount,size=64m disk || exit 98\n\
             run second task\n\
             run verified \"$0\" audit verify\n",
            pages = 4 * pages,
            words = self.task.words(),
        );
        let words = [
            "--mount",
            "sh",
            "-c",
            &script,
            env!("CARGO_BIN_EXE_keepdocker"),
        ];
        let mut child = environment
            .prepared("unshare", &words)
            .stdin(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        while !home.join("first.code").exists() {
            if let Some(status) = child.try_wait().unwrap() {
                assert!(status.code() != Some(98), "the disk could not grow");
                return None;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
        let after = Registered::of(&cluster);
        fs::write(home.join("registered"), "").unwrap();
        assert!(child.wait().unwrap().success(), "pages: {pages}");
        let read = |name: String| fs::read(home.join(name)).ok();
        let text = |name: String| String::from_utf8_lossy(&read(name).unwrap()).into_owned();
        let run = |name: &str| Run {
            code: text(format!("{name}.code")).trim().to_owned(),
            printed: crate::fault_matrix::without_uuids(&text(format!("{name}.printed"))),
            told: text(format!("{name}.told")),
        };
        Some(End {
            first: run("first"),
            second: run("second"),
            verified: run("verified"),
            after,
            last: Registered::of(&cluster),
            made: read("saved.tar".into()),
        })
    }

    /// Tries a disk of so many pages, and returns what falls short.
    fn try_pages(&self, pages: usize) -> Vec<String> {
        let end = self.run(pages).unwrap();
        let mut short = Vec::new();
        let told = end.first.told.to_lowercase();
        match end.first.code.as_str() {
            "0" if end.after.all != self.done.all => {
                short.push(format!("exit 0, and the cluster has {:#?}", end.after.all));
            }
            "0" => {}
            "1" if told.contains("no space left") => {}
            code => short.push(format!("exit {code}: {told}")),
        }
        if told.contains("panicked") || told.lines().count() > 20 {
            short.push(format!("not for people: {told}"));
        }
        let seen = &end.after.visible;
        if *seen != self.before.visible && *seen != self.done.visible {
            short.push(format!("neither as before nor complete: {seen:?}"));
        }
        for broken in &end.after.broken {
            short.push(format!("half registered: {broken}"));
        }
        if let Some(made) = end.made
            && let Err(defect) = Task::image().is_in(&made)
        {
            short.push(format!("what it wrote is not the image: {defect}"));
        }
        if !["0", "9"].contains(&end.verified.code.as_str()) {
            short.push(format!("audit verify: {}", end.verified.told));
        }
        if end.second.code != "0" || end.second.printed != self.printed {
            let Run {
                code,
                printed,
                told,
            } = &end.second;
            short.push(format!("rerun: exit {code}, {printed:?}: {told}"));
        }
        if end.last.all != self.done.all {
            short.push(format!("rerun: the cluster has {:#?}", end.last.all));
        }
        short
    }
}

#[test]
fn a_disk_that_is_full_at_any_write_is_told_and_a_rerun_with_room_completes_it() {
    let tally = Tally::begin("full disks");
    let extent = Extent::wanted();
    let mut grounds = Vec::new();
    for task in Task::ALL {
        match Ground::of(task) {
            Some(ground) => grounds.push(ground),
            None => return skip("the right to mount a small file system"),
        }
    }
    let mut cases = Vec::new();
    for (number, ground) in grounds.iter().enumerate() {
        // Every size in the whole form, and every tenth one else.
        let step = if extent.is_whole { 1 } else { 10 };
        let begin = 1 + (number + extent.seed as usize) % step;
        cases.extend((begin..MOST).step_by(step).map(|pages| (ground, pages)));
    }
    let short = tally.each(&cases, SIDE_BY_SIDE, |(ground, pages)| {
        let name = format!("{:?}, {pages} pages", ground.task);
        (name, ground.try_pages(*pages))
    });
    assert_eq!(tally.end(cases.len(), &short), "");
}
