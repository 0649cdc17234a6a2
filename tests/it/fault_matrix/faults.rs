//! What can go wrong at a step, how it is brought about, and what of it a message must name.

use std::time::Duration;

use keepdocker_sandbox::faults::Action;

use super::scene::Whom;
use crate::support::Deed;

/// Longer than any run of the matrix may take.
const LONG: Duration = Duration::from_secs(40);

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// The answer comes when nobody waits for it any more.
    Delay,
    /// The connection breaks before anything is done.
    Reset,
    /// Half of the answer comes.
    Half,
    /// This status comes in place of an answer.
    Status(u16),
    /// The page of something else comes in place of JSON, and repeats the token.
    Garbage,
    /// Everything is done, and nobody hears of it.
    LostAnswer,
    /// The answer sends elsewhere, where nobody is.
    Redirect,
    /// The answer never ends.
    Endless,
    /// The answer comes a byte at a time.
    Drip,
    /// The connection breaks, and new ones are closed at the first word of TLS.
    Handshake,
    /// The name is looked up, and there is none.
    NoSuchName,
    /// The name has no address.
    NoAddress,
    /// The name leads to a machine where nobody listens.
    AddressOfNobody,
    /// Whoever knows the names cannot tell.
    ResolverFails,
    /// What he answers is no answer, and is passed over.
    ResolverRaves,
    /// He does not answer.
    ResolverSilent,
    /// The certificate signs itself.
    SelfSigned,
    /// The certificate's time is over.
    Expired,
    /// The certificate is for another host.
    OfAnother,
    /// The first word of TLS is answered in clear text.
    ClearText,
    /// The first word of TLS is not answered.
    Mute,
    /// The engine ends with a message.
    Dies,
    /// The engine is killed.
    Killed,
    /// The engine does nothing, for ever.
    Hangs,
    /// The engine prints, for ever.
    Floods,
    /// The engine prints a part, and claims success.
    Truncates,
    /// The engine speaks of another image than before.
    Changes,
}

/// How long a fault lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Manner {
    /// One step meets it.
    Once,
    /// Every step from there on meets it.
    Stays,
}

impl Fault {
    const CLUSTER: [Fault; 19] = [
        Fault::Delay,
        Fault::Reset,
        Fault::Half,
        Fault::Status(401),
        Fault::Status(403),
        Fault::Status(404),
        Fault::Status(409),
        Fault::Status(422),
        Fault::Status(429),
        Fault::Status(500),
        Fault::Status(502),
        Fault::Status(503),
        Fault::Status(504),
        Fault::Garbage,
        Fault::LostAnswer,
        Fault::Redirect,
        Fault::Endless,
        Fault::Drip,
        Fault::Handshake,
    ];
    const DOOR: [Fault; 12] = [
        Fault::NoSuchName,
        Fault::NoAddress,
        Fault::AddressOfNobody,
        Fault::ResolverFails,
        Fault::ResolverRaves,
        Fault::ResolverSilent,
        Fault::SelfSigned,
        Fault::Expired,
        Fault::OfAnother,
        Fault::ClearText,
        Fault::Mute,
        Fault::Handshake,
    ];
    const ENGINE: [Fault; 6] = [
        Fault::Dies,
        Fault::Killed,
        Fault::Hangs,
        Fault::Floods,
        Fault::Truncates,
        Fault::Changes,
    ];

    /// Those that a party can have. A registry behind no door has no TLS, and nothing of it changes by being asked.
    pub(super) fn of(whom: Whom) -> Vec<Fault> {
        match whom {
            Whom::Cluster => Fault::CLUSTER.to_vec(),
            Whom::Engine => Fault::ENGINE.to_vec(),
            Whom::Door => Fault::DOOR.to_vec(),
            Whom::Registry => {
                let not_here = [Fault::LostAnswer, Fault::Handshake];
                let mut faults = Fault::CLUSTER.to_vec();
                faults.retain(|fault| !not_here.contains(fault));
                faults
            }
        }
    }

    /// The ways in which it can last. What uses up all time ends the run at the first step already.
    pub(super) fn manners(self, whom: Whom) -> &'static [Manner] {
        match whom {
            Whom::Engine => &[Manner::Once],
            _ if self.takes_for_ever() => &[Manner::Once],
            _ => &[Manner::Once, Manner::Stays],
        }
    }

    /// Whether nothing but a deadline ends it.
    pub(super) fn takes_for_ever(self) -> bool {
        matches!(
            self,
            Fault::Delay
                | Fault::Drip
                | Fault::Hangs
                | Fault::ResolverRaves
                | Fault::ResolverSilent
                | Fault::Mute
        )
    }

    /// Whether it comes when a name is looked up, and not when somebody connects.
    pub(super) fn is_of_names(self) -> bool {
        matches!(
            self,
            Fault::NoSuchName
                | Fault::NoAddress
                | Fault::AddressOfNobody
                | Fault::ResolverFails
                | Fault::ResolverRaves
                | Fault::ResolverSilent
        )
    }

    /// What the cluster does.
    pub(super) fn action(self, token: &str) -> Action {
        match self {
            Fault::Delay => Action::Delay(LONG),
            Fault::Reset => Action::DropBefore,
            Fault::Half => Action::CutBody,
            Fault::Status(status) => Action::Answer(status),
            Fault::Garbage => Action::AnswerWith(200, page(token)),
            Fault::LostAnswer => Action::DropAfter,
            Fault::Redirect => {
                let elsewhere = ("Location".into(), "https://127.0.0.1:1/elsewhere".into());
                Action::AnswerWithHeaders(302, vec![elsewhere], String::new())
            }
            Fault::Endless => Action::Endless,
            Fault::Drip => Action::Drip(Duration::from_millis(100)),
            Fault::Handshake => Action::CloseHandshakes(1),
            _ => panic!("{self:?} is none of a cluster"),
        }
    }

    /// What the registry does.
    pub(super) fn deed(self) -> Deed {
        match self {
            Fault::Delay => Deed::Late(LONG),
            Fault::Reset => Deed::Gone,
            Fault::Half => Deed::Cut(100),
            Fault::Status(status) => Deed::Status(status, Vec::new()),
            Fault::Garbage => Deed::Body(page("").into_bytes()),
            Fault::Redirect => {
                let elsewhere = ("Location", "http://127.0.0.1:1/elsewhere".to_owned());
                Deed::Status(302, vec![elsewhere])
            }
            Fault::Endless => Deed::Endless,
            Fault::Drip => Deed::Drip(Duration::from_millis(100)),
            _ => panic!("{self:?} is none of a registry"),
        }
    }

    /// What the engine does in place of its answer, as lines of a shell script in which `"$real"` is the
    /// engine as it should be.
    pub(super) fn script(self, id: &str) -> String {
        match self {
            Fault::Dies => "echo 'no space left on device' >&2; exit 1".into(),
            Fault::Killed => "kill -9 $$".into(),
            Fault::Hangs => "exec sleep 60".into(),
            Fault::Floods => "exec yes 'a line of a flood, and nothing else'".into(),
            Fault::Truncates => "\"$real\" \"$@\" | head -c 700; exit 0".into(),
            Fault::Changes => {
                let digits = id.trim_start_matches("sha256:");
                let other: String = digits.chars().rev().collect();
                format!("\"$real\" \"$@\" | sed 's/{digits}/{other}/g'")
            }
            _ => panic!("{self:?} is none of an engine"),
        }
    }

    /// What a message must have of it, one of these: the status, whom it came from, or what it was.
    pub(super) fn causes(self, hosts: &[String]) -> Vec<String> {
        let words: &[&str] = match self {
            Fault::Status(status) => return status_causes(status),
            // Where the way to somebody is broken, his name alone does not tell how.
            Fault::NoSuchName | Fault::NoAddress | Fault::ResolverFails => {
                return vec!["its name cannot be looked up".into()];
            }
            Fault::AddressOfNobody => return vec!["refused".into()],
            Fault::SelfSigned => {
                return vec!["none of the trusted authorities has issued it".into()];
            }
            Fault::Expired => return vec!["it expired on 2021-01-01".into()],
            Fault::OfAnother => return vec!["it is for `other.example`".into()],
            Fault::ClearText => return vec!["does not speak tls".into()],
            Fault::Redirect => &["302", "redirect", "127.0.0.1:1"],
            fault if fault.takes_for_ever() => &["not done after"],
            Fault::Garbage => &["json", "not understood", "what came has the digest"],
            Fault::Half | Fault::Reset | Fault::LostAnswer | Fault::Handshake => &["no answer"],
            Fault::Endless => &["too large", "more than", "is longer than"],
            Fault::Dies => &["no space left on device"],
            Fault::Killed => &["signal", "killed"],
            _ => &["docker", "engine", "archive"],
        };
        let words = words.iter().map(|word| (*word).to_owned());
        words.chain(hosts.iter().cloned()).collect()
    }
}

fn status_causes(status: u16) -> Vec<String> {
    let words: &[&str] = match status {
        401 => &["token", "refuses access"],
        403 => &["permission", "refuses access"],
        404 => &["not found", "has no ", "no keep service has block"],
        429 => &["too many requests", "allows no more requests"],
        _ => &[],
    };
    let number = status.to_string();
    let all = words.iter().copied().chain([number.as_str()]);
    all.map(str::to_owned).collect()
}

/// A page that something in between might show, with the token that it saw.
fn page(token: &str) -> String {
    format!("<html><title>Please log in</title>Authorization was: Bearer {token}</html>")
}
