//! Why the host itself ends a command, in words.

use keepdocker_console::{Exit, Page, Report};

use crate::component;
use crate::plan::PlanError;
use crate::policy::{self, Denial, Unfit};

impl From<component::Error> for Report {
    fn from(error: component::Error) -> Self {
        let report = Self::new(Exit::Component, error.to_string());
        match error {
            component::Error::Load(_) | component::Error::Trapped(_) => {
                report.advise("this is a defect of the component; please report it to its maker")
            }
            component::Error::NoMemory => Self {
                exit: Exit::Failed,
                ..report
            }
            .advise("`ulimit -v` and `ulimit -d` tell how much a program may have here; 1 GiB is enough for the component"),
            component::Error::Excess(_) | component::Error::Unsuitable(_) => {
                report.advise("use a component that was built for this program's contract")
            }
            component::Error::Unreadable { .. } => Self {
                exit: Exit::Failed,
                ..report
            }
            .advise("check the path that `--component` names"),
            component::Error::Unrecorded(_) | component::Error::Deviates(_) => Self {
                exit: Exit::Failed,
                ..report
            },
            component::Error::OutOfFuel(_)
            | component::Error::OutOfMemory(_)
            | component::Error::TooManyCalls(_)
            | component::Error::TimedOut(_) => {
                report.advise("`keepdocker policy show` tells which policy sets the limit")
            }
        }
    }
}

/// Puts a denial in words.
pub(super) fn denied(denial: &Denial) -> Report {
    let report = Report::new(
        Exit::Denied,
        format!("denied by policy: `{}`", denial.asked),
    )
    .detail(format!("why: {}", denial.why))
    .detail(format!("fix: {}", denial.fix))
    .page(Page::Policy);
    match &denial.explain {
        Some(command) => report.advise(format!("see how that is decided: {command}")),
        None => report,
    }
}

/// Says why a policy cannot be used.
pub(crate) fn no_policy(error: policy::Error) -> Report {
    match error {
        policy::Error::Invalid(faults) => Report::new(
            Exit::Failed,
            "the policy cannot be used, so nothing was done",
        )
        .detail(
            faults
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("\n"),
        )
        .advise("correct the file; `keepdocker policy check FILE` checks it"),
        policy::Error::Untrusted { ref mend, .. } => {
            let report = Report::new(Exit::Failed, error.to_string());
            report.advise(mend.clone())
        }
        error => Report::new(Exit::Failed, error.to_string()),
    }
}

/// Says why a signer of `--require-signature` cannot be used.
pub(super) fn no_key(error: policy::Error) -> Report {
    let reasons = match error {
        policy::Error::Invalid(faults) => {
            let reasons = faults.into_iter().map(|fault| fault.message);
            reasons.collect::<Vec<_>>().join("\n")
        }
        policy::Error::Unreadable { file, reason } => {
            format!("{} cannot be read: {reason}", file.display())
        }
        policy::Error::Untrusted {
            file, reason, mend, ..
        } => format!("{} cannot be trusted: {reason}; {mend}", file.display()),
        error => error.to_string(),
    };
    let message = "`--require-signature` names a signer that cannot be used, so nothing was done";
    Report::new(Exit::Failed, message).detail(reasons).advise(
        "name a file with a public key, as cosign writes it to cosign.pub: ECDSA P-256 or Ed25519 between `-----BEGIN PUBLIC KEY-----` and its end; \
         or ISSUER#IDENTITY, with a file of the form of Sigstore's trusted_root.json by `--trusted-root`",
    )
}

impl From<PlanError> for Report {
    fn from(error: PlanError) -> Self {
        let report = Self::new(Exit::Failed, error.to_string());
        match error {
            PlanError::Unreadable { .. } => report.advise("check the path"),
            PlanError::Invalid { .. } => {
                report.advise("make a plan with `keepdocker plan -o FILE` or `keepdocker repair --dry-run -o FILE`")
            }
            PlanError::Unwritable { .. } => {
                report.advise("name a new file in a folder that you can write to")
            }
        }
    }
}

/// Says why a policy does not bear the component.
pub(super) fn unfit(unfit: Unfit) -> Report {
    Report::new(Exit::Denied, unfit.to_string())
        .advise("ask who keeps this policy")
        .page(Page::Policy)
}
