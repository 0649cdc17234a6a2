//! What the gate knows besides the operation itself.

/// The cluster that a run works on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cluster {
    /// The API server's host, with its port where one is given, as in `ARVADOS_API_HOST`.
    pub host: String,
    /// The five characters that begin its UUIDs, if they are known before the run; see
    /// [`super::Policy::names_cluster_ids`].
    pub id: Option<String>,
}

/// What is known when an operation is decided on.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// The names that the engine or the archive gave the operation's image earlier in the run; none
    /// if it was not seen.
    pub names: Option<&'a [String]>,
}
