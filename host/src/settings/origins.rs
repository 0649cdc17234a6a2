//! What is set, and where that was said.

use super::environment::OF_CLUSTER;
use super::{Environment, file};

/// The one whose value is nobody's to see.
const SECRET: &str = "ARVADOS_API_TOKEN";

/// A setting, and where it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Its name.
    pub name: &'static str,
    /// Its value; none where it is not set, or is a secret.
    pub value: Option<String>,
    /// Where it was said: a variable or a file. None where it is not set.
    pub from: Option<String>,
}

impl Origin {
    /// Tells whether the value is kept back.
    pub(crate) fn is_hidden(&self) -> bool {
        self.from.is_some() && self.value.is_none()
    }
}

/// Returns where the cluster and the token were said.
pub(crate) fn of_cluster(environment: &Environment) -> Vec<Origin> {
    let file = file::find(environment, &mut Vec::new());
    let of = |name: &'static str| {
        let told = match environment.raw(name) {
            // A variable that is set to nothing hides the value of the file.
            Some(value) => Some((
                value.to_string_lossy().into_owned(),
                "environment".to_owned(),
            )),
            None => file.values.get(name).and_then(|value| {
                let path = file.path.as_ref()?.display().to_string();
                Some((value.clone(), path))
            }),
        };
        let told = told.filter(|(value, _)| !value.trim().is_empty());
        let (value, from) = told.unzip();
        Origin {
            name,
            value: value.filter(|_| name != SECRET),
            from,
        }
    };
    OF_CLUSTER.map(of).to_vec()
}
