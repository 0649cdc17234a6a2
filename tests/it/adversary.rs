//! Two users of one cluster: one of them wants the other to run another image than he means.
//!
//! The attacker has what Arvados lets every user have: collections and projects that others can read,
//! links of any name and time, properties, the trash. `contents` and `claims` are what he plants. Each
//! test has a victim do something ordinary beside it, and asks one question, [`Ground::judge`]: does any
//! name or ID of the victim's lead to a byte that the image has not?

mod claims;
mod collisions;
mod contents;
mod downloads;
mod engines;
mod ids;
mod manifests;
mod plans;
mod registrations;
mod uploads;
mod wasi;

use keepdocker_sandbox::Options;
use serde_json::{Value, json};

use crate::support::{Account, Cluster, Environment, Made, Output};

/// What the victim calls the image.
const NAME: &str = "lab/tool:1";

/// A time that comes after every build.
const LATER: &str = "2036-01-01T00:00:00Z";

/// The cluster on which a case plays.
struct Ground {
    cluster: Cluster,
}

impl Ground {
    fn new() -> Ground {
        Ground::with(Options::default())
    }

    fn with(options: Options) -> Ground {
        Ground {
            cluster: Cluster::with(options),
        }
    }

    /// The victim, and what runs of the programs see of him.
    fn victim(&self) -> Account<'_> {
        Account::usual(&self.cluster)
    }

    /// The attacker, who shares a project with everybody.
    fn attacker(&self) -> Attacker<'_> {
        let account = Account::further(&self.cluster, "mallory");
        let project = account.make_public_project("shared");
        Attacker {
            account,
            project,
            genuine: genuine(),
            evil: evil(),
        }
    }

    /// The links of images that a project or user owns.
    fn links(&self, owner: &str) -> Vec<Value> {
        let classes = ["docker_image_hash", "docker_image_repo+tag"];
        let mut links = self.cluster.links();
        links.retain(|link| {
            link["owner_uuid"] == owner && classes.iter().any(|class| link["link_class"] == *class)
        });
        links
    }

    /// Checks what must hold after every run, whoever did what before it: what the place's names and IDs
    /// lead to is the image, to the last byte, and nobody else can change it.
    fn judge(&self, victim: &Account<'_>, place: &str, image: &Made) -> Result<(), String> {
        let collections = self.cluster.collections();
        for link in self.links(place) {
            let (class, name) = (&link["link_class"], &link["name"]);
            let head = link["head_uuid"].as_str().unwrap_or_default();
            if class == "docker_image_hash" && *name != image.id() {
                return Err(format!("there is a link for image {name}"));
            }
            victim
                .check(head, image)
                .map_err(|why| format!("{class} {name} leads to something else: {why}"))?;
            let collection = collections.iter().find(|known| known["uuid"] == head);
            let collection = collection.ok_or_else(|| format!("{head} is gone"))?;
            if collection["owner_uuid"] != place {
                return Err(format!("{head} is {}'s", collection["owner_uuid"]));
            }
            let told = &collection["properties"];
            if told["arv:docker-config-digest"] != image.id() {
                return Err(format!("{head} says that it is something else: {told}"));
            }
            let manifest = &told["arv:docker-manifest-digest"];
            let evil = evil();
            let is_evil = *manifest == evil.id() || *manifest == evil.manifest_digest();
            if is_evil && *image != evil {
                return Err(format!("{head} says that it is the attacker's: {told}"));
            }
        }
        Ok(())
    }

    /// Checks that a run succeeded and left the place as it must be.
    fn judge_success(
        &self,
        victim: &Account<'_>,
        place: &str,
        image: &Made,
        output: &Output,
    ) -> Result<(), String> {
        self.judge(victim, place, image)?;
        if !output.status.success() {
            return Err(format!("it did not come through: {output}"));
        }
        let links = self.links(place);
        for (class, name) in [
            ("docker_image_hash", image.id().as_str()),
            ("docker_image_repo+tag", NAME),
        ] {
            let is_there = |link: &Value| link["link_class"] == class && link["name"] == name;
            if !links.iter().any(is_there) {
                return Err(format!("there is no {class} {name}: {output}"));
            }
        }
        let printed = output.stdout().trim().to_owned();
        victim
            .check(&printed, image)
            .map_err(|why| format!("it printed something else: {why}: {output}"))
    }

    /// The collection that a container request of the victim's would get for his name: that of the
    /// latest build among those he can read, then of the latest link.
    fn server_choice(&self, victim: &Account<'_>) -> Option<String> {
        let mut links = self.cluster.links_of("docker_image_repo+tag");
        links.retain(|link| link["name"] == NAME);
        links.sort_by_key(|link| {
            let built = link["properties"]["image_timestamp"].as_str();
            let made = link["created_at"].as_str();
            (built.map(str::to_owned), made.map(str::to_owned))
        });
        let heads = links.iter().rev();
        heads
            .filter_map(|link| link["head_uuid"].as_str())
            .find(|head| victim.ask("GET", &format!("collections/{head}"), None).0 == 200)
            .map(str::to_owned)
    }

    /// Checks what the victim's name leads to by the server's rules: the image, or the run said loudly
    /// that it is `other`.
    fn judge_name(
        &self,
        victim: &Account<'_>,
        image: &Made,
        output: &Output,
        other: Option<&str>,
    ) -> Result<(), String> {
        let found = self.server_choice(victim);
        let found = found.as_deref().unwrap_or("nothing");
        match other {
            None => victim
                .check(found, image)
                .map_err(|why| format!("{NAME} leads to something else: {why}")),
            Some(other) if found != other => Err(format!(
                "{NAME} was to lead to {other}, and does to {found}"
            )),
            Some(other) if !output.stderr.contains(other) => Err(format!(
                "nothing said that {NAME} leads to {other}: {output}"
            )),
            Some(_) => Ok(()),
        }
    }
}

/// The attacker, his project that others can read, and the images he deals with.
struct Attacker<'a> {
    account: Account<'a>,
    project: String,
    genuine: Made,
    evil: Made,
}

impl Attacker<'_> {
    /// Makes a collection in the shared project.
    fn plant(&self, files: &[(String, Vec<u8>)], properties: Value) -> String {
        let files: Vec<(&str, &[u8])> = files
            .iter()
            .map(|(path, bytes)| (path.as_str(), bytes.as_slice()))
            .collect();
        self.account.collect(&self.project, &files, properties)
    }

    /// Makes a collection of the evil image, as an honest upload would.
    fn plant_evil(&self, properties: Value) -> String {
        let mut all = json!({"arv:docker-config-digest": self.evil.id()});
        let told = all.as_object_mut().unwrap();
        told.extend(properties.as_object().cloned().unwrap_or_default());
        let collection = self.plant(&[(self.evil.file(), self.evil.saved(&[]))], all);
        self.link(
            "docker_image_hash",
            &self.evil.id(),
            &collection,
            Made::BUILT,
        );
        collection
    }

    /// Makes a link in the shared project.
    fn link(&self, class: &str, name: &str, head: &str, built: &str) -> String {
        let link = json!({
            "owner_uuid": self.project, "link_class": class, "name": name, "head_uuid": head,
            "properties": {"image_timestamp": built},
        });
        self.account.make("links", link)
    }

    /// Makes a link for the ID of the image that the victim means.
    fn link_id(&self, head: &str, built: &str) -> String {
        self.link("docker_image_hash", &self.genuine.id(), head, built)
    }

    /// Makes a link for the name that the victim uses.
    fn link_name(&self, head: &str, built: &str) -> String {
        self.link("docker_image_repo+tag", NAME, head, built)
    }
}

/// The image that the victim means. Its lowest layer is large enough to begin blocks of its own.
fn genuine() -> Made {
    Made::of(&[(1, 1_100_000), (2, 3000)])
}

/// The image that the attacker wants him to run: the same base, another tool.
fn evil() -> Made {
    Made::of(&[(1, 1_100_000), (666, 3000)])
}

/// Collects what went wrong in the cases of a table, so that a run shows all of it.
#[derive(Default)]
struct Verdicts {
    count: usize,
    wrong: Vec<String>,
}

impl Verdicts {
    fn add(&mut self, case: &str, verdict: Result<(), String>) {
        self.count += 1;
        if let Err(why) = verdict {
            self.wrong.push(format!("{case}: {why}"));
        }
    }

    #[track_caller]
    fn assert(&self, least: usize) {
        assert!(self.count >= least, "only {} cases ran", self.count);
        let wrong = self.wrong.len();
        assert!(
            wrong == 0,
            "{wrong} of {} cases went wrong:\n\n{}",
            self.count,
            self.wrong.join("\n\n")
        );
    }
}

/// Checks that a run was refused, in words for people, and left the place without any name or ID.
fn judge_refusal(
    ground: &Ground,
    place: &str,
    output: &Output,
    code: i32,
    words: &[&str],
) -> Result<(), String> {
    if output.status.code() != Some(code) {
        return Err(format!("it was to end with {code}: {output}"));
    }
    for word in words {
        if !output.stderr.contains(word) {
            return Err(format!("no `{word}` in {output}"));
        }
    }
    match ground.links(place).as_slice() {
        [] => Ok(()),
        links => Err(format!("it left links: {links:?}")),
    }
}

/// Writes the archive of an image into the home of an environment, and returns how to name it.
fn archive_in(environment: &Environment, image: &Made) -> String {
    let path = environment.home().join("image.tar");
    std::fs::write(&path, image.saved(&[NAME])).unwrap();
    format!("docker-archive:{}", path.display())
}

/// Checks what is promised where layers are not read: a warning says so and whose they are, the config
/// is the image's, and whoever fetches it gets nothing.
fn judge_unread(victim: &Account<'_>, planted: &str, output: &Output) -> Result<(), String> {
    let image = genuine();
    for word in [planted, "layers were not read", "--verify"] {
        if !output.stderr.contains(word) {
            return Err(format!("nothing warns with `{word}`"));
        }
    }
    let collection = output.stdout().trim().to_owned();
    let files = victim.files(&collection)?;
    let [(name, bytes)] = files.as_slice() else {
        return Err(format!("{collection} has not one file"));
    };
    if *name != image.file() || !image.config_is_in(bytes) {
        return Err("not even the config is the image's".into());
    }
    let environment = victim.environment();
    let file = environment.home().join("fetched.tar");
    for text in [NAME, &image.id()] {
        let words = ["save", text, "--output", file.to_str().unwrap()];
        let output = environment.keepdocker(&words);
        if output.status.code() != Some(1) || file.exists() {
            return Err(format!("and is fetched: {output}"));
        }
    }
    Ok(())
}
