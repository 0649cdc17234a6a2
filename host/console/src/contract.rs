//! What a command of the component returns, and how it is shown.

/// Says how what a command returns is shown, and how much its messages matter.
///
/// Two hosts have bindings of the contract, each of its own; `$bindings` is the module of one. Answers are
/// looked at where they are: nothing of them is copied.
#[macro_export]
macro_rules! contract {
    ($bindings:ident) => {
        $crate::contract_of_failures!($bindings);
        $crate::contract_of_answers!($bindings);

        impl From<$bindings::log::Level> for $crate::Level {
            fn from(level: $bindings::log::Level) -> Self {
                match level {
                    $bindings::log::Level::Debug => Self::Debug,
                    $bindings::log::Level::Info => Self::Info,
                    $bindings::log::Level::Warning => Self::Warning,
                    $bindings::log::Level::Error => Self::Error,
                }
            }
        }
    };
}

/// Says how answers are shown: a part of [`contract!`].
#[doc(hidden)]
#[macro_export]
macro_rules! contract_of_answers {
    ($bindings:ident) => {
        impl<'a> From<&'a $bindings::commands::ListedImage> for $crate::json::ListedImage<'a> {
            fn from(image: &'a $bindings::commands::ListedImage) -> Self {
                Self {
                    repository: image.repository.as_deref(),
                    tag: image.tag.as_deref(),
                    image: image.image.as_deref(),
                    collection: &image.collection,
                    timestamp: &image.timestamp,
                }
            }
        }

        impl<'a> From<&'a $bindings::commands::Uploaded> for $crate::json::Uploaded<'a> {
            fn from(uploaded: &'a $bindings::commands::Uploaded) -> Self {
                Self {
                    outcome: match uploaded.outcome {
                        $bindings::commands::Outcome::Present => "present",
                        $bindings::commands::Outcome::Registered => "registered",
                        $bindings::commands::Outcome::Uploaded => "uploaded",
                    },
                    collection: &uploaded.collection,
                    portable_data_hash: &uploaded.portable_data_hash,
                    image: &uploaded.image,
                    registered_as: &uploaded.registered_as,
                    name: uploaded.name.as_deref(),
                    size: uploaded.size,
                    sent: uploaded.sent,
                    reused: uploaded.reused,
                    blocks: uploaded.blocks,
                    layers: uploaded.layers,
                    layers_read: uploaded.layers_read,
                }
            }
        }

        impl<'a> From<&'a $bindings::commands::Resolution> for $crate::json::Resolution<'a> {
            fn from(resolution: &'a $bindings::commands::Resolution) -> Self {
                Self {
                    collection: &resolution.collection,
                    portable_data_hash: &resolution.portable_data_hash,
                    reasons: &resolution.reasons,
                    others: &resolution.others,
                }
            }
        }

        impl<'a> From<&'a $bindings::commands::Downloaded> for $crate::json::Downloaded<'a> {
            fn from(downloaded: &'a $bindings::commands::Downloaded) -> Self {
                Self {
                    outcome: match downloaded.outcome {
                        $bindings::commands::Delivery::Present => "present",
                        $bindings::commands::Delivery::Fetched => "fetched",
                    },
                    collection: &downloaded.collection,
                    portable_data_hash: &downloaded.portable_data_hash,
                    image: &downloaded.image,
                    size: downloaded.size,
                    blocks: downloaded.blocks,
                    reasons: &downloaded.reasons,
                }
            }
        }
    };
}

/// Says how failures are put in words: a part of [`contract!`].
#[doc(hidden)]
#[macro_export]
macro_rules! contract_of_failures {
    ($bindings:ident) => {
        impl From<$bindings::commands::Failure> for $crate::Report {
            fn from(failure: $bindings::commands::Failure) -> Self {
                Self::of(failure, $crate::Purpose::Store)
            }
        }

        impl $crate::Failed for $bindings::commands::Failure {
            fn report(self, purpose: $crate::Purpose) -> $crate::Report {
                use $bindings::commands::ProjectFault;
                use $crate::failures::{self, cluster};
                match self {
                    Self::Usage(text) => $crate::Report::new($crate::Exit::Usage, text),
                    Self::NoSuchImage(name) => failures::no_such_image(&name, purpose),
                    Self::AmbiguousImage(ambiguity) => {
                        failures::ambiguous_image(&ambiguity.asked, &ambiguity.images)
                    }
                    Self::UnsupportedFormat(mismatch) => {
                        failures::unsupported_format(&mismatch.format, &mismatch.supported)
                    }
                    Self::Engine(error) => error.report(purpose),
                    Self::Archive(error) => error.report(purpose),
                    Self::Lock(error) => error.report(purpose),
                    Self::Keep(error) => error.report(purpose),
                    Self::ReuseRefused(reason) => cluster::reuse_refused(reason),
                    Self::UnusableProject(unusable) => match unusable.reason {
                        ProjectFault::Absent(reason) => {
                            cluster::absent_project(&unusable.project, reason)
                        }
                        ProjectFault::NoProject(class) => {
                            cluster::no_project(&unusable.project, &class)
                        }
                        ProjectFault::ReadOnly(name) => {
                            cluster::read_only_project(&unusable.project, &name, purpose)
                        }
                    },
                    Self::Api(error) => error.report(purpose),
                    Self::TooEarly(text) => failures::too_early(text),
                }
            }
        }

        impl $crate::Failed for $bindings::engine::Error {
            fn report(self, _: $crate::Purpose) -> $crate::Report {
                use $crate::failures::{self, engine};
                match self {
                    Self::Denied(reason) => failures::denied(reason),
                    Self::Unavailable(reason) => engine::unavailable(reason),
                    Self::Failed(failure) => {
                        engine::failed(&failure.command, failure.status, failure.message)
                    }
                    Self::Other(reason) => engine::unusable(reason),
                }
            }
        }

        impl $crate::Failed for $bindings::archives::Error {
            fn report(self, purpose: $crate::Purpose) -> $crate::Report {
                use $crate::failures::{self, archive};
                match self {
                    Self::Denied(reason) => failures::denied(reason),
                    Self::NotFound(reason) => archive::not_found(reason),
                    Self::Unsound(reason) => archive::unsound(&reason, purpose),
                    Self::NoSuchImage(reason) => archive::no_such_image(reason, purpose),
                    Self::Ambiguous(reason) => archive::ambiguous(reason),
                    Self::Engine(failure) => archive::engine_failed(
                        &failure.command,
                        failure.status,
                        failure.message,
                        purpose,
                    ),
                    Self::Unsupported(reason) => $crate::Report::new($crate::Exit::Failed, reason),
                    Self::Registry(reason) => archive::of_registry(reason),
                    Self::Other(reason) => archive::unreadable(reason, purpose),
                }
            }
        }

        impl $crate::Failed for $bindings::locks::Error {
            fn report(self, _: $crate::Purpose) -> $crate::Report {
                use $crate::failures;
                match self {
                    Self::Denied(reason) => failures::denied(reason),
                    Self::TimedOut(reason) => failures::lock_timed_out(reason),
                    Self::Unavailable(reason) => $crate::Report::new($crate::Exit::Failed, reason),
                    Self::Other(reason) => failures::lock_failed(reason),
                }
            }
        }

        impl $crate::Failed for $bindings::keep::Error {
            fn report(self, purpose: $crate::Purpose) -> $crate::Report {
                use $crate::failures::{self, cluster};
                match self {
                    Self::Denied(reason) => failures::denied(reason),
                    Self::Archive(error) => error.report(purpose),
                    Self::NoServices => cluster::no_services(),
                    Self::TooFewReplicas(shortfall) => cluster::too_few_replicas(
                        shortfall.written,
                        shortfall.wanted,
                        &shortfall.reasons,
                    ),
                    Self::Unauthorized(reason) => cluster::unauthorized(reason),
                    Self::Other(reason) => cluster::keep_failed(reason, purpose),
                }
            }
        }

        impl $crate::Failed for $bindings::api::Error {
            fn report(self, _: $crate::Purpose) -> $crate::Report {
                use $crate::failures::{self, cluster};
                match self {
                    Self::Denied(reason) => failures::denied(reason),
                    Self::Unauthorized(reason) => cluster::unauthorized(reason),
                    Self::Forbidden(reason) => cluster::forbidden(reason),
                    Self::NotFound(reason) => cluster::not_found(reason),
                    Self::Rejected(reason) => cluster::rejected(reason),
                    Self::Unreachable(reason) => cluster::unreachable(reason),
                    Self::Uncertain(reason) => cluster::uncertain(reason),
                    Self::Other(reason) => cluster::failed(reason),
                }
            }
        }
    };
}
