//! What registries tell, in the contract.

/// Says how what this package tells is said in the contract.
///
/// Two hosts have bindings of the contract, each of its own; `$bindings` is the module of one. A function `of_registry` comes
/// with it, which says what an error is; its text is given, since an error may have come through others.
#[macro_export]
macro_rules! contract {
    ($bindings:ident) => {
        impl From<&$crate::Resolved> for $bindings::registry::Resolved {
            fn from(resolved: &$crate::Resolved) -> Self {
                let candidates = resolved.candidates.iter();
                Self {
                    digest: resolved.digest.to_string(),
                    candidates: candidates
                        .map(|candidate| $bindings::registry::Candidate {
                            manifest: candidate.manifest.to_string(),
                            platform: $bindings::types::Platform {
                                os: candidate.platform.os.clone(),
                                architecture: candidate.platform.architecture.clone(),
                                variant: candidate.platform.variant.clone(),
                            },
                        })
                        .collect(),
                }
            }
        }

        /// Says in the contract's words what a registry's error is.
        pub(crate) fn of_registry(
            error: &$crate::Error,
            text: String,
        ) -> $bindings::archives::Error {
            use $bindings::archives::Error as Told;
            use $crate::Error;
            match error {
                Error::NotFound { .. } => Told::NoSuchImage(text),
                Error::Unsupported(_) => Told::Unsupported(text),
                Error::NoName(_) => Told::NotFound(text),
                Error::NotResolved => Told::Other(text),
                Error::Blocked { .. }
                | Error::Withheld { .. }
                | Error::Refused { .. }
                | Error::Incomplete { .. }
                | Error::TooMany { .. }
                | Error::Unreachable { .. }
                | Error::Nonsense { .. }
                | Error::Unsound { .. }
                | Error::Configuration { .. }
                | Error::Helper { .. } => Told::Registry(text),
            }
        }
    };
}
