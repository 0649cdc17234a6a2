//! Landlock: no file is run as a program, no device is made, and nobody is listened for.

use landlock::{
    AccessFs, AccessNet, CompatLevel, Compatible as _, PathBeneath, PathFd, Ruleset,
    RulesetAttr as _, RulesetCreatedAttr as _, RulesetError,
};

use super::Measure;

/// Restricts the calling thread and all that it starts.
pub(super) fn restrict() -> Measure {
    Measure {
        name: "landlock",
        denies: "no file is run as a program, no device is made, and no process outside is traced",
        lacking: apply().err(),
    }
}

/// Restricts the calling thread and all that it starts from listening for connections.
pub(super) fn close_ports() -> Measure {
    let close = || -> Result<(), RulesetError> {
        // No rule follows, so it is denied for every port.
        Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessNet::BindTcp)?
            .create()?
            .restrict_self()?;
        Ok(())
    };
    Measure {
        name: "ports",
        denies: "no port of TCP is taken",
        lacking: close()
            .err()
            .map(|_| "this kernel has no Landlock for ports, which came with Linux 6.7".to_owned()),
    }
}

fn apply() -> Result<(), String> {
    // No rule follows, so these are denied for every file.
    let denied = AccessFs::Execute | AccessFs::MakeChar | AccessFs::MakeBlock;
    // Whatever is handled, Landlock denies to move a file between folders, unless a rule allows it.
    let moving = AccessFs::Refer;
    let root = PathFd::new("/").map_err(|error| error.to_string())?;
    let ruleset = Ruleset::default()
        // The first version knows no such rule: there it would be in the way, and is left out.
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(denied | moving)
        .map_err(|_| "this kernel has no Landlock with rules for moving files".to_owned())?;
    let restrict = || -> Result<(), RulesetError> {
        ruleset
            .create()?
            .add_rule(PathBeneath::new(root, moving))?
            .restrict_self()?;
        Ok(())
    };
    restrict().map_err(|error| error.to_string())
}
