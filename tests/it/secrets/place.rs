//! A machine and a cluster with secrets in every place.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use keepdocker_sandbox::faults::Action;
use serde_json::json;

use crate::support::{
    Account, Cluster, Deed, Environment, FaultyRegistry, Made, Manners, Output, Proxy, Shelf,
    search,
};

pub(super) const NAME: &str = "lab/tool:1";
/// What a registry's user has in docker's file, in podman's, and by a program that helps.
const DOCKER: &str = "d0cker-passw0rd-planted";
const PODMAN: &str = "p0dman-passw0rd-planted";
const HELPER: &str = "helper-s3cret-planted";
/// The password of the proxy that leads to the cluster, and that of another one, which nobody asks.
pub(super) const PROXY: &str = "pr0xy-passw0rd-planted";
const FTP_PROXY: &str = "ftp-pr0xy-passw0rd-planted";
/// In variables whose names tell what they are.
const DEPLOY_KEY: &str = "depl0y-key-planted";
/// In the query of an address that a registry sends on to, which is a right to what is there.
const SIGNED_URL: &str = "f00dfeedf00dfeedf00dfeedf00dfeedf00dfeed";
/// The signature of a block.
const BLOCK: &str = "5193e1f0c6a8b7d2e4f60718293a4b5c6d7e8f90";
/// The secret part of a token in the settings file, which the environment overrules.
const FILE_TOKEN: &str = "file-token-planted-file-token-planted-file-token-plan";

/// A token that somebody types, and the cluster does not accept.
pub(super) const TYPED: &str =
    "v2/kdbox-gj3su-0123456789abcde/typed0token0planted0typed0token0planted0typed0tok";

/// A machine and a cluster with secrets in every place.
pub(super) struct Place {
    pub(super) cluster: Cluster,
    pub(super) environment: Environment,
    /// Their passwords are in docker's file, in podman's, and with a program that helps.
    pub(super) registries: [FaultyRegistry; 3],
    /// Where a registry sends on to, with a right to what is there in the address.
    storage: FaultyRegistry,
    /// On the way to the cluster; it lets nobody through who does not know its password.
    proxy: Proxy,
    pub(super) uuid: String,
    pub(super) project: String,
}

/// Serves an image to those who say who they are, and sends some of them on to `storage`.
fn demanding(image: &Made, storage: &str) -> FaultyRegistry {
    let storage = storage.to_owned();
    // Whoever knows the password is told where to go on; whoever does not, to say who he is.
    FaultyRegistry::serve(image, move |asked| {
        let basic = ("Www-Authenticate", "Basic realm=\"planted\"".to_owned());
        match asked.header("authorization") {
            None => Some(Deed::Status(401, vec![basic])),
            Some(given) if asked.path.contains("/elsewhere/") => {
                let to = format!("http://{storage}/blob?X-Amz-Signature={SIGNED_URL}&who={given}");
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

/// Refuses everything, and repeats what was asked.
fn repeating(image: &Made) -> FaultyRegistry {
    FaultyRegistry::serve(image, |asked| {
        let echo = (
            "Www-Authenticate",
            format!("Basic realm=\"{}\"", asked.path),
        );
        Some(Deed::Status(403, vec![echo]))
    })
}

/// What the registries get.
fn given() -> [String; 3] {
    [basic("d", DOCKER), basic("p", PODMAN), basic("h", HELPER)]
}

pub(super) fn basic(user: &str, password: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"))
}

/// The image that is there.
pub(super) fn image() -> Made {
    Made::of(&[(91, 60_000)])
}

impl Place {
    pub(super) fn new() -> Place {
        let cluster = Cluster::start();
        let mut environment = Environment::on(&cluster);
        let image = image();
        Shelf::new().with(&image, NAME).install(&mut environment);
        let storage = repeating(&image);
        let registries = [(); 3].map(|()| demanding(&image, &storage.host()));
        let archive = environment.home().join("image.tar");
        fs::write(archive, image.saved(&[NAME])).unwrap();
        let account = Account::usual(&cluster);
        let project = account.make_project("Planted");
        let mut place = Place {
            uuid: String::new(),
            project: project.clone(),
            proxy: Proxy::start(Manners::HttpLogin(basic("u", PROXY).leak())),
            cluster,
            environment,
            registries,
            storage,
        };
        place.plant();
        let words = ["upload", "--from", "docker-archive:image.tar", NAME];
        let printed = place.environment.keepdocker(&words).success();
        place.uuid = printed.trim().to_owned();
        let _ = place
            .environment
            .keepdocker(&["copy", NAME, "--project", &project])
            .success();
        let _ = place
            .environment
            .keepdocker(&["plan", NAME, "-o", "kept-plan.json"])
            .success();
        let drafted = ["policy", "init", "--from-audit", "last"];
        let drafted = place.environment.keepdocker(&drafted).success();
        fs::write(place.environment.home().join("kept-policy.toml"), drafted).unwrap();
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
        let proxy = self.proxy.address();
        environment.set("https_proxy", format!("http://u:{PROXY}@{proxy}/"));
        environment.set("no_proxy", "");
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
            &TYPED[32..52],
            docker,
            podman,
            helped,
            &basic("u", PROXY),
        ];
        planted.map(str::to_owned).into()
    }

    /// An answer that repeats what came with the request, as debugging proxies give it.
    pub(super) fn echo(&self) -> Action {
        let token = self.cluster.token();
        let told = json!({"errors": [
            format!("Authorization was Bearer {token}"),
            format!("proxy http://u:{PROXY}@127.0.0.1:1/ and {DEPLOY_KEY}"),
            format!("Proxy-Authorization was Basic {}", basic("u", PROXY)),
            format!("ftp goes by {FTP_PROXY}"),
            format!("block acbd18db4cc2f85cedef654fccc4a4d8+3+A{BLOCK}@66f0c0de"),
        ]});
        Action::AnswerWith(422, told.to_string())
    }

    #[track_caller]
    pub(super) fn check(&self, output: &Output) {
        for secret in self.secrets() {
            assert!(!output.stdout().contains(&secret), "{secret}: {output}");
            assert!(!output.stderr.contains(&secret), "{secret}: {output}");
        }
    }

    /// Looks into all files but those in which they were planted.
    pub(super) fn check_files(&self, least: usize) {
        let home = self.environment.home();
        let planted = ["config", ".docker", "run", "shelf"];
        let mut count = 0;
        for entry in fs::read_dir(home).unwrap() {
            let entry = entry.unwrap();
            if !planted.contains(&&*entry.file_name().to_string_lossy()) {
                count += search(&entry.path(), &self.secrets());
            }
        }
        assert!(count >= least, "{count} files are few for so many runs");
    }

    /// Asserts that every secret came to where somebody asks for it: what nobody asks for, nobody shows.
    pub(super) fn assert_all_used(&self) {
        for (registry, given) in self.registries.iter().zip(given()) {
            let given = format!("Basic {given}");
            let asked = registry.asked("");
            let is_given = asked
                .iter()
                .any(|asked| asked.header("authorization") == Some(&given));
            assert!(is_given, "{given} was not used");
        }
        assert!(
            !self.storage.asked(SIGNED_URL).is_empty(),
            "nobody was sent on"
        );
        // Whoever does not say the password gets no further than to the proxy, and the cluster was asked.
        let cluster = format!("CONNECT {} ", self.cluster.api_host());
        let heard = self.proxy.heard();
        assert!(
            heard.iter().any(|line| line.starts_with(&cluster)),
            "{heard:?}"
        );
        assert!(!self.cluster.log().entries().is_empty());
    }
}
