//! The programs that know logins for registries: `docker-credential-NAME`.
//!
//! They are started like the engine's program, outside of the confinement and with the same variables, for they are the
//! engine's own.

use std::io;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::environment::Passed;
use super::{Lines, command};

/// The most that a helper may answer.
const LONGEST_ANSWER: usize = 1 << 20;

/// What a helper answered, and how it ended.
pub(crate) struct Answered {
    /// Whether its status was 0.
    pub succeeded: bool,
    /// What it wrote to standard output.
    pub output: Vec<u8>,
}

/// Asks a helper for the login of a server. `report` gets each line that it writes for people.
///
/// # Errors
/// If it cannot be started, writes without end, or has not ended after `patience`; then it is ended. The text is the
/// end of a sentence that begins with the helper's name.
pub(crate) async fn ask(
    program: &str,
    server: &str,
    passed: &Passed,
    patience: Duration,
    mut report: impl FnMut(&str),
) -> Result<Answered, String> {
    let unusable = |error: io::Error| format!("cannot be run: {error}");
    let mut command = tokio::process::Command::from(command::command(program, &["get"], passed));
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let (mut child, mut family) =
        command::start_async(program, command).map_err(|error| match error {
            super::CommandError::Missing(_) => "is not installed, or not on the PATH".to_owned(),
            super::CommandError::Unusable { source, .. } => unusable(source),
            other => other.to_string(),
        })?;
    let mut stdin = child.stdin.take().ok_or("has no standard input")?;
    let mut stdout = child.stdout.take().ok_or("has no standard output")?;
    let mut stderr = child.stderr.take().ok_or("has no standard error")?;
    let mut output = Vec::new();
    let exchange = async {
        // One that looks at no input has ended by then, perhaps.
        let _ = stdin.write_all(format!("{server}\n").as_bytes()).await;
        drop(stdin);
        let answer = async {
            let mut bounded = (&mut stdout).take(LONGEST_ANSWER as u64 + 1);
            bounded.read_to_end(&mut output).await?;
            // What it goes on to write, nobody reads.
            match output.len() > LONGEST_ANSWER {
                true => Err(io::Error::from(io::ErrorKind::FileTooLarge)),
                false => Ok(()),
            }
        };
        let words = async {
            let (mut lines, mut buffer) = (Lines::default(), [0; 4096]);
            while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
                lines.add(&buffer[..count], &mut report);
            }
            lines.finish(&mut report);
            Ok(())
        };
        tokio::try_join!(answer, words)?;
        child.wait().await
    };
    let Ok(ended) = tokio::time::timeout(patience, exchange).await else {
        return Err(format!(
            "has not answered within {} s and was ended; KEEPDOCKER_HELPER_TIMEOUT=5m gives it more time",
            patience.as_secs()
        ));
    };
    if output.len() > LONGEST_ANSWER {
        return Err(format!("answered more than {LONGEST_ANSWER} bytes"));
    }
    let status = ended.map_err(unusable)?;
    family.ended();
    Ok(Answered {
        succeeded: status.success(),
        output,
    })
}
