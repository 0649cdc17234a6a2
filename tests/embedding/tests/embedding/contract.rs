//! The commands as the contract has them.

const COMMANDS: &str = include_str!("../../../../wit/commands.wit");

/// A command that has a record for its request.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    /// The members of its request, each with its type.
    pub(crate) members: Vec<(&'static str, &'static str)>,
}

/// Returns the commands that have a record for their request, in the contract's order.
pub(crate) fn commands() -> Vec<Command> {
    let cases = block("variant command {");
    cases
        .filter_map(|line| line.strip_suffix("),")?.split_once('('))
        .filter(|(_, request)| request.ends_with("-request"))
        .map(|(name, request)| Command {
            name,
            members: block(&format!("record {request} {{"))
                .filter_map(|line| line.strip_suffix(',')?.split_once(": "))
                .collect(),
        })
        .collect()
}

/// Returns the lines of what begins so, without its documentation.
fn block(beginning: &str) -> impl Iterator<Item = &'static str> {
    let block = COMMANDS.split(beginning).nth(1).unwrap();
    let lines = block.split("\n  }").next().unwrap().lines();
    lines.map(str::trim).filter(|line| !line.starts_with("///"))
}
