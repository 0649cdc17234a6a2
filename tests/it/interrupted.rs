//! Runs that are cut short at every request in turn: each leaves nothing that can be seen, or what the
//! next run completes, and prints a collection only when its name leads to it.

use std::fs::{self, File};
use std::process::Child;
use std::time::{Duration, Instant};

use keepdocker_sandbox::faults::{Action, Fault};
use serde_json::{Value, json};

use crate::support::{Cluster, Environment, Output, StandIn, data};

/// More requests than an upload of the small image makes.
const MANY: usize = 60;
/// As good as for ever.
const LONG: Duration = Duration::from_secs(600);
const PROJECT: &str = "kdbox-j7d0g-000000000000001";

#[test]
fn a_run_that_is_killed_at_any_request_is_completed_by_the_next() {
    for task in Task::ALL {
        let requests = at_every_request(task, |cluster, environment, number| {
            cluster
                .faults()
                .plan(Fault::on("", Action::Delay(LONG)).after(number));
            let printed = environment.home().join("printed");
            let mut child = task.start(environment, File::create(&printed).unwrap());
            let deadline = Instant::now() + Duration::from_secs(60);
            // A program that is killed at one request has done all that came before it.
            let is_cut = loop {
                assert!(Instant::now() < deadline, "request {number} never came");
                if cluster.faults().left() == 0 {
                    break true;
                }
                if child.try_wait().unwrap().is_some() {
                    break false;
                }
                std::thread::sleep(Duration::from_millis(2));
            };
            if is_cut {
                child.kill().unwrap();
                child.wait().unwrap();
            }
            Cut {
                is_cut,
                printed: fs::read_to_string(printed).unwrap(),
            }
        });
        assert!(requests >= task.requests(), "{task:?}: {requests} requests");
    }
}

#[test]
fn a_connection_lost_at_any_request_leaves_nothing_twice() {
    for task in Task::ALL {
        for action in [Action::DropBefore, Action::DropAfter] {
            let requests = at_every_request(task, |cluster, environment, number| {
                cluster
                    .faults()
                    .plan(Fault::on("", action.clone()).after(number));
                // Whether it gets over the loss or ends with an error, nothing may come of it twice.
                let output = task.run(environment);
                Cut {
                    is_cut: cluster.faults().left() == 0,
                    printed: output.stdout(),
                }
            });
            assert!(requests >= task.requests(), "{task:?}: {requests} requests");
        }
    }
}

/// What a run is about to do when it is cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    /// Store a saved archive.
    Archive,
    /// Store what the engine saves.
    Engine,
    /// Copy to a project what the user has, without data.
    Copy,
    /// Add a name to what the user has.
    Name,
}

impl Task {
    const ALL: [Task; 4] = [Task::Archive, Task::Engine, Task::Copy, Task::Name];

    /// The least number of requests that a run makes.
    fn requests(self) -> usize {
        match self {
            Task::Archive | Task::Engine => 9,
            Task::Copy | Task::Name => 5,
        }
    }

    /// Makes what there is before the run.
    fn prepare(self, cluster: &Cluster, environment: &mut Environment) {
        StandIn::new().install(environment);
        if self == Task::Copy || self == Task::Name {
            let _ = environment.arv_keepdocker(&["hello-world"]).success();
        }
        let user = cluster.user_uuid();
        cluster.seed().project(Some(PROJECT), &user, "P").unwrap();
    }

    fn program(self) -> &'static str {
        match self {
            Task::Archive => env!("CARGO_BIN_EXE_keepdocker"),
            _ => env!("CARGO_BIN_EXE_arv-keepdocker"),
        }
    }

    fn arguments(self) -> Vec<String> {
        let archive = format!(
            "docker-archive:{}",
            data("hello-world-ManifestV2.tar").display()
        );
        let words = match self {
            Task::Archive => vec!["upload", "--from", &archive],
            Task::Engine => vec!["hello-world"],
            Task::Copy => vec!["--project-uuid", PROJECT, "hello-world"],
            Task::Name => vec!["hello-world:again"],
        };
        let words = words.into_iter().chain(["--retries", "0"]);
        words.map(str::to_owned).collect()
    }

    fn run(self, environment: &Environment) -> Output {
        environment.run(self.program(), &self.arguments())
    }

    fn start(self, environment: &Environment, printed: File) -> Child {
        environment.start_into(self.program(), &self.arguments(), printed)
    }

    /// Who owns what the run makes, how many collections there are after it, and the name it gives.
    fn outcome(self, cluster: &Cluster) -> (String, usize, &'static str) {
        let user = cluster.user_uuid();
        match self {
            Task::Archive | Task::Engine => (user, 1, "hello-world:latest"),
            Task::Copy => (PROJECT.to_owned(), 2, "hello-world:latest"),
            Task::Name => (user, 1, "hello-world:again"),
        }
    }
}

/// What became of a run that was to be cut short.
struct Cut {
    /// Whether it came to the request at which it was to be.
    is_cut: bool,
    printed: String,
}

/// Cuts a run short at one request after the other, and checks what the next run makes of each.
///
/// `cut` gets the number of the request, from 0. Returns how many requests there were.
fn at_every_request(
    task: Task,
    mut cut: impl FnMut(&Cluster, &Environment, usize) -> Cut,
) -> usize {
    for number in 0..MANY {
        let cluster = Cluster::start();
        let mut environment = Environment::on(&cluster);
        task.prepare(&cluster, &mut environment);
        let (owner, collections, name) = task.outcome(&cluster);
        let links = |class: &str| -> Vec<Value> {
            let of_class = cluster.links_of(class).into_iter();
            of_class
                .filter(|link| link["owner_uuid"] == owner)
                .collect()
        };
        let of_owner = || -> Vec<Value> {
            let all = cluster.collections().into_iter();
            all.filter(|collection| collection["owner_uuid"] == owner)
                .collect()
        };
        let named = || -> Vec<Value> {
            let of_name = links("docker_image_repo+tag").into_iter();
            of_name.filter(|link| link["name"] == name).collect()
        };
        let Cut { is_cut, printed } = cut(&cluster, &environment, number);
        cluster.faults().clear();
        // A name that can be seen leads to a whole image, and only what has its name is printed.
        for link in named() {
            assert_eq!(link["head_uuid"], of_owner()[0]["uuid"]);
            assert_eq!(links("docker_image_hash").len(), 1);
        }
        if !printed.is_empty() {
            assert_eq!(named().len(), 1, "{task:?}, request {number}: {printed}");
        }

        let printed = task.run(&environment).success();

        assert_eq!(
            cluster.collections().len(),
            collections,
            "{task:?}, request {number}"
        );
        let collection = of_owner().remove(0);
        assert_eq!(
            printed.trim(),
            collection["uuid"],
            "{task:?}, request {number}"
        );
        for links in [named(), links("docker_image_hash")] {
            assert_eq!(links.len(), 1, "{task:?}, request {number}: {links:#?}");
            assert_eq!(links[0]["head_uuid"], collection["uuid"]);
            let built = &links[0]["properties"]["image_timestamp"];
            assert_eq!(built, "2023-05-02T16:49:27Z", "{task:?}, request {number}");
        }
        let told = &collection["properties"]["docker-image-repo-tag"];
        let expected = match task {
            Task::Name => json!(["hello-world:latest", name]),
            _ => json!(name),
        };
        assert_eq!(told, &expected, "{task:?}, request {number}");
        if !is_cut {
            return number;
        }
    }
    panic!("an upload made more than {MANY} requests");
}
