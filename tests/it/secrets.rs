//! Secrets are planted wherever one can come from, every command runs, and they are looked for in all that it
//! prints and writes.
//!
//! `surroundings::secrets` asks the same of single sources, and of what they come to.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use base64::Engine as _;
use keepdocker_sandbox::faults::{Action, Fault};
use serde_json::json;

use crate::support::{Account, Cluster, Deed, Environment, FaultyRegistry, Made, Output, Shelf};

const NAME: &str = "lab/tool:1";
/// What a registry's user has in docker's file, in podman's, and by a program that helps.
const DOCKER: &str = "d0cker-passw0rd-planted";
const PODMAN: &str = "p0dman-passw0rd-planted";
const HELPER: &str = "helper-s3cret-planted";
/// The password of a proxy, and that of another one, which nothing uses.
const PROXY: &str = "pr0xy-passw0rd-planted";
const FTP_PROXY: &str = "ftp-pr0xy-passw0rd-planted";
/// In variables whose names tell what they are.
const DEPLOY_KEY: &str = "depl0y-key-planted";
/// In the query of an address that a registry sends on to, which is a right to what is there.
const SIGNED_URL: &str = "f00dfeedf00dfeedf00dfeedf00dfeedf00dfeed";
/// The signature of a block.
const BLOCK: &str = "5193e1f0c6a8b7d2e4f60718293a4b5c6d7e8f90";
/// The secret part of a token in the settings file, which the environment overrules.
const FILE_TOKEN: &str = "file-token-planted-file-token-planted-file-token-plan";

/// A machine and a cluster with secrets in every place.
struct Place {
    cluster: Cluster,
    environment: Environment,
    /// Their passwords are in docker's file, in podman's, and with a program that helps.
    registries: [FaultyRegistry; 3],
    uuid: String,
    project: String,
}

/// Serves an image to those who say who they are.
fn demanding(image: &Made) -> FaultyRegistry {
    // Whoever knows the password is told where to go on; whoever does not, to say who he is.
    FaultyRegistry::serve(image, |asked| {
        let basic = ("Www-Authenticate", "Basic realm=\"planted\"".to_owned());
        match asked.header("authorization") {
            None => Some(Deed::Status(401, vec![basic])),
            Some(given) if asked.path.contains("/elsewhere/") => {
                let to =
                    format!("http://127.0.0.1:1/blob?X-Amz-Signature={SIGNED_URL}&who={given}");
                Some(Deed::Status(307, vec![("Location", to.replace(' ', "+"))]))
            }
            Some(given) if asked.path.contains("/refused/") => {
                let echo = ("Www-Authenticate", format!("Basic realm=\"{given}\""));
                Some(Deed::Status(403, vec![echo]))
            }
            Some(_) => None,
        }
    })
}

/// What the registries get.
fn given() -> [String; 3] {
    [basic("d", DOCKER), basic("p", PODMAN), basic("h", HELPER)]
}

fn basic(user: &str, password: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
}

impl Place {
    fn new() -> Place {
        let cluster = Cluster::start();
        let mut environment = Environment::on(&cluster);
        let image = Made::of(&[(91, 60_000)]);
        Shelf::new().with(&image, NAME).install(&mut environment);
        let registries = [(); 3].map(|()| demanding(&image));
        let archive = environment.home().join("image.tar");
        fs::write(archive, image.saved(&[NAME])).unwrap();
        let account = Account::usual(&cluster);
        let project = account.make_project("Planted");
        let mut place = Place {
            uuid: String::new(),
            project: project.clone(),
            cluster,
            environment,
            registries,
        };
        place.plant();
        let words = ["upload", "--from", "docker-archive:image.tar", NAME];
        let printed = place.environment.keepdocker(&words).success();
        place.uuid = printed.trim().to_owned();
        let _ = place
            .environment
            .keepdocker(&["copy", NAME, "--project", &project])
            .success();
        // Whoever may write to a collection can repeat there what he has seen.
        let token = place.cluster.token();
        let note = json!({"collection": {"properties": {"note": format!("Bearer {token}"), "key": DEPLOY_KEY}}});
        let account = Account::usual(&place.cluster);
        let copy = place.cluster.collections().pop().unwrap();
        let path = format!("collections/{}", copy["uuid"].as_str().unwrap());
        account.done("PUT", &path, Some(note));
        place
    }

    fn plant(&mut self) {
        let home = self.environment.home().to_owned();
        let [docker, podman, helped] = self.registries.each_ref().map(FaultyRegistry::host);
        let write = |path: &str, text: String| {
            let path = home.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            path
        };
        write(
            "config/arvados/settings.conf",
            format!(
                "ARVADOS_API_HOST=elsewhere.example\nARVADOS_API_TOKEN=v2/zzzzz-gj3su-0123456789abcde/{FILE_TOKEN}\n"
            ),
        );
        write(
            ".docker/config.json",
            json!({
                "auths": {docker: {"auth": basic("d", DOCKER)}},
                "credHelpers": {helped: "planted"},
            })
            .to_string(),
        );
        let podman = json!({"auths": {podman: {"auth": basic("p", PODMAN)}}});
        write("run/containers/auth.json", podman.to_string());
        let helper = write(
            "shelf/docker-credential-planted",
            format!("#!/bin/sh\necho '{{\"Username\":\"h\",\"Secret\":\"{HELPER}\"}}'\n"),
        );
        fs::set_permissions(helper, fs::Permissions::from_mode(0o755)).unwrap();
        let environment = &mut self.environment;
        environment.set("XDG_RUNTIME_DIR", home.join("run"));
        environment.set("DEPLOY_KEY", DEPLOY_KEY);
        environment.set("ftp_proxy", format!("ftp://f:{FTP_PROXY}@proxy.example/"));
        environment.set("https_proxy", format!("http://u:{PROXY}@127.0.0.1:1/"));
        environment.set("no_proxy", "127.0.0.1,localhost");
    }

    /// What nobody may see. Of the token a quarter is enough to know whose it is.
    fn secrets(&self) -> Vec<String> {
        let token = self.cluster.token();
        let secret = token.rsplit_once('/').unwrap().1;
        let [docker, podman, helped] = &given();
        let planted = [
            DOCKER,
            PODMAN,
            HELPER,
            PROXY,
            FTP_PROXY,
            DEPLOY_KEY,
            SIGNED_URL,
            BLOCK,
            &secret[..12],
            &FILE_TOKEN[..20],
            docker,
            podman,
            helped,
        ];
        planted.map(str::to_owned).into()
    }

    /// What follows `keepdocker`, and whether `--json` may come after it. Each is run again and again, so what one
    /// takes away the next one brings back.
    fn commands(&self) -> Vec<(Vec<String>, bool)> {
        let (uuid, project) = (self.uuid.as_str(), self.project.as_str());
        let from = |registry: usize, repository: &str| {
            let host = self.registries[registry].host();
            format!("docker://{host}/{repository}/tool:1")
        };
        let (elsewhere, refused, served) =
            (from(0, "elsewhere"), from(0, "refused"), from(0, "served"));
        let (of_podman, helped) = (from(1, "refused"), from(2, "refused"));
        let commands: Vec<(Vec<&str>, bool)> = vec![
            (vec!["images"], true),
            (vec!["images", "--long"], true),
            (vec!["upload", NAME], true),
            (
                vec![
                    "upload",
                    "--force",
                    "--from",
                    "docker-archive:image.tar",
                    NAME,
                ],
                true,
            ),
            (vec!["upload", "--from", &elsewhere, "lab/none:1"], true),
            (vec!["upload", "--from", &refused, "lab/none:1"], true),
            (vec!["upload", "--from", &served, "lab/served:1"], true),
            (vec!["upload", "--from", &of_podman, "lab/none:1"], true),
            (vec!["upload", "--from", &helped, "lab/none:1"], true),
            (vec!["plan", NAME], true),
            (
                vec![
                    "plan",
                    "--from",
                    "docker-archive:image.tar",
                    "lab/planned:1",
                ],
                true,
            ),
            (vec!["resolve", NAME], true),
            (vec!["inspect", NAME], true),
            (vec!["history", NAME], true),
            (vec!["save", NAME, "--output", "saved.tar"], true),
            (vec!["load", NAME], true),
            (vec!["tag", NAME, "lab/tool:2"], true),
            (vec!["untag", "lab/tool:2"], true),
            (vec!["copy", NAME, "--project", project], true),
            (vec!["adopt", uuid, "lab/adopted:1"], true),
            (vec!["share", NAME, "--with", "everyone"], true),
            (vec!["repair", NAME, "--image-id", "manifest"], true),
            (vec!["rm", "lab/adopted:1"], true),
            (vec!["restore", "lab/adopted:1"], true),
            (vec!["prune", "lab/none", "--keep-last", "1"], true),
            (vec!["doctor"], true),
            (vec!["doctor", "--deep"], true),
            (vec!["report", "-o", "images.html"], false),
            (vec!["whoami"], true),
            (vec!["config", "show", "--origin"], true),
            (vec!["cache", "list"], true),
            (vec!["policy", "show"], true),
            (vec!["policy", "init", "--from-audit", "last"], false),
            (vec!["component", "audit"], true),
            (vec!["audit", "show"], true),
            (vec!["audit", "show", "last"], true),
            (vec!["audit", "export", "--all"], false),
            (vec!["audit", "verify"], false),
            (vec!["audit", "replay", "last"], false),
        ];
        let owned = |words: Vec<&str>| words.into_iter().map(str::to_owned).collect();
        let owned = commands
            .into_iter()
            .map(|(words, json)| (owned(words), json));
        owned.collect()
    }

    /// An answer that repeats what came with the request, as debugging proxies give it.
    fn echo(&self) -> Action {
        let token = self.cluster.token();
        let told = json!({"errors": [
            format!("Authorization was Bearer {token}"),
            format!("proxy http://u:{PROXY}@127.0.0.1:1/ and {DEPLOY_KEY}"),
            format!("block acbd18db4cc2f85cedef654fccc4a4d8+3+A{BLOCK}@66f0c0de"),
        ]});
        Action::AnswerWith(422, told.to_string())
    }

    #[track_caller]
    fn check(&self, output: &Output) {
        for secret in self.secrets() {
            assert!(!output.stdout().contains(&secret), "{secret}: {output}");
            assert!(!output.stderr.contains(&secret), "{secret}: {output}");
        }
    }

    /// Looks into all files but those in which they were planted.
    fn check_files(&self, least: usize) {
        let home = self.environment.home();
        let planted = ["config", ".docker", "run", "shelf"];
        let mut count = 0;
        for entry in fs::read_dir(home).unwrap() {
            let entry = entry.unwrap();
            if !planted.contains(&&*entry.file_name().to_string_lossy()) {
                search(&entry.path(), &self.secrets(), &mut count);
            }
        }
        assert!(count >= least, "{count} files are few for so many runs");
    }
}

fn search(path: &Path, secrets: &[String], count: &mut usize) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            search(&entry.unwrap().path(), secrets, count);
        }
    } else if path.is_file() {
        *count += 1;
        let bytes = fs::read(path).unwrap();
        let bytes = match path.extension().is_some_and(|end| end == "zst") {
            true => zstd::decode_all(&*bytes).unwrap(),
            false => bytes,
        };
        let text = String::from_utf8_lossy(&bytes);
        for secret in secrets {
            assert!(!text.contains(secret), "{secret} in {}", path.display());
        }
    }
}

#[test]
fn no_secret_from_anywhere_is_in_what_any_command_prints_or_writes() {
    let place = Place::new();
    let mut runs = 0;
    for echoes in [false, true] {
        for (words, takes_json) in place.commands() {
            for options in [&[][..], &["-v"], &["-v", "--json"]] {
                if options.contains(&"--json") && !takes_json {
                    continue;
                }
                let mut words = words.clone();
                words.extend(options.iter().map(|word| (*word).to_owned()));
                words.extend(["--retries", "0"].map(str::to_owned));
                if echoes {
                    place
                        .cluster
                        .faults()
                        .plan(Fault::on("", place.echo()).times(usize::MAX));
                }
                let mut output = place.environment.keepdocker(&words);
                if output.status.code() == Some(2) && output.stderr.contains("--retries") {
                    words.truncate(words.len() - 2);
                    output = place.environment.keepdocker(&words);
                }
                place.cluster.faults().clear();
                // A command line that is wrong would show nothing.
                assert!(!output.stderr.contains("--help"), "{output}");
                place.check(&output);
                runs += 1;
            }
        }
    }
    assert!(runs > 200, "{runs}");
    // What nobody asks for, nobody shows.
    for (registry, given) in place.registries.iter().zip(given()) {
        let given = format!("Basic {given}");
        let asked = registry.asked("");
        let is_given = asked
            .iter()
            .any(|asked| asked.header("authorization") == Some(&given));
        assert!(is_given, "{given} was not used");
    }
    place.check_files(100);
}

#[test]
fn the_drop_in_shows_no_secret_when_it_tells_everything() {
    let mut place = Place::new();
    place.environment.set("ARVADOS_DEBUG", "1");
    for echoes in [false, true] {
        for words in [
            vec![],
            vec!["lab/tool", "1"],
            vec!["--force", "lab/tool", "1"],
            vec!["images", "lab/tool"],
        ] {
            if echoes {
                place
                    .cluster
                    .faults()
                    .plan(Fault::on("", place.echo()).times(usize::MAX));
            }
            let output = place.environment.arv_keepdocker(&words);
            place.cluster.faults().clear();
            assert!(output.stderr.to_lowercase().contains("debug"), "{output}");
            place.check(&output);
        }
    }
    place.check_files(10);
}
