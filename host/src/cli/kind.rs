//! What tells commands apart before they run.

use super::Command;

/// What the program has to know of a command before it runs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// Whether `--cluster` names the cluster that it works on: `policy` asks about any host.
    pub(super) names_cluster: bool,
    /// Whether it is about the set-up, and has to run where that is amiss.
    pub(super) is_about_set_up: bool,
    /// Whether a run that was cut short goes on where the command is repeated.
    pub(super) goes_on: bool,
}

impl Kind {
    /// That of a command that lists what the cluster has.
    pub(super) const THAT_LISTS: Kind = Kind {
        names_cluster: true,
        is_about_set_up: false,
        goes_on: false,
    };
}

impl Command {
    /// Returns what has to be known of the command before it runs.
    pub(super) fn kind(&self) -> Kind {
        #[cfg(feature = "sandbox")]
        let is_sandbox = matches!(self, Self::Sandbox(_));
        #[cfg(not(feature = "sandbox"))]
        let is_sandbox = false;
        let is_about_set_up = is_sandbox
            || matches!(
                self,
                Self::Config(_)
                    | Self::Doctor(_)
                    | Self::Whoami(_)
                    | Self::Login(_)
                    | Self::Cache(_)
                    | Self::Policy(_)
                    | Self::Audit(_)
                    | Self::Component(_)
                    | Self::Completions(_)
                    | Self::Man(_)
            );
        // These change nothing on the cluster, and begin anew.
        let begins_anew = matches!(
            self,
            Self::Images(_)
                | Self::Plan(_)
                | Self::Resolve(_)
                | Self::Inspect(_)
                | Self::History(_)
                | Self::Report(_)
                | Self::Save(_)
                | Self::Load(_)
        );
        Kind {
            names_cluster: !matches!(self, Self::Policy(_)),
            is_about_set_up,
            goes_on: !is_about_set_up && !begins_anew,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::cli::keepdocker::Arguments;

    #[test]
    fn only_what_is_completed_by_the_next_run_says_that_it_goes_on() {
        for (words, goes_on, is_about_set_up) in [
            (&["upload", "lab/tool:1"][..], true, false),
            (&["apply", "plan.json"], true, false),
            (&["rm", "lab/tool:1"], true, false),
            (&["images"], false, false),
            (&["load", "lab/tool:1"], false, false),
            (&["inspect", "lab/tool:1"], false, false),
            (&["doctor"], false, true),
            (&["config", "show"], false, true),
        ] {
            let words = [&["keepdocker"], words].concat();
            let kind = Arguments::try_parse_from(&words).unwrap().command.kind();
            assert_eq!(
                (kind.goes_on, kind.is_about_set_up),
                (goes_on, is_about_set_up),
                "{words:?}"
            );
        }
    }
}
