//! The stand-in cluster, in a process of its own, and how the benchmark talks to it.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use keepdocker_sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::measure::processor_time;

/// A running stand-in.
pub(crate) struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// What Arvados programs need to use it.
    pub(crate) environment: Vec<(String, String)>,
    /// The addresses of its Keep services.
    pub(crate) keep: Vec<String>,
    _folder: TempDir,
}

/// What was asked of the stand-in so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    /// Requests to the API.
    pub(crate) api: u64,
    /// Blocks written.
    pub(crate) puts: u64,
    /// Blocks that it was asked for without their bytes.
    pub(crate) heads: u64,
    /// Their bytes.
    pub(crate) sent: u64,
    /// Seconds of processor time.
    pub(crate) processor: f64,
}

impl Server {
    /// Starts an empty cluster; `keeping` says whether it keeps blocks.
    pub(crate) fn start(folder: &Path, keeping: bool) -> Server {
        let folder = tempfile::tempdir_in(folder).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.arg("--serve").arg(folder.path());
        if keeping {
            command.arg("--keeping");
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let told = read(&mut output);
        let texts = |value: &Value| -> Vec<String> {
            let list = value.as_array().unwrap().iter();
            list.map(|text| text.as_str().unwrap().to_owned()).collect()
        };
        let environment = told["environment"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| {
                let pair = texts(pair);
                (pair[0].clone(), pair[1].clone())
            })
            .collect();
        Server {
            keep: texts(&told["keep"]),
            child,
            input,
            output,
            environment,
            _folder: folder,
        }
    }

    /// Returns what was asked of it so far.
    pub(crate) fn counts(&mut self) -> Counts {
        self.input.write_all(b"counts\n").unwrap();
        let told = read(&mut self.output);
        let number = |name: &str| told[name].as_u64().unwrap();
        Counts {
            api: number("api"),
            puts: number("puts"),
            heads: number("heads"),
            sent: number("sent"),
            processor: processor_time(self.child.id()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl std::ops::Sub for Counts {
    type Output = Counts;

    fn sub(self, earlier: Counts) -> Counts {
        Counts {
            api: self.api - earlier.api,
            puts: self.puts - earlier.puts,
            heads: self.heads - earlier.heads,
            sent: self.sent - earlier.sent,
            processor: self.processor - earlier.processor,
        }
    }
}

fn read(output: &mut impl BufRead) -> Value {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap()
}

/// Serves a cluster in a folder until standard input ends. The other side of [`Server`].
pub(crate) fn serve(folder: &Path, keeping: bool) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let sandbox = runtime
        .block_on(Sandbox::start(folder, Options::default()))
        .unwrap();
    sandbox.faults().discard_blocks(!keeping);
    sandbox.faults().trust_hashes(!keeping);
    println!(
        "{}",
        json!({"environment": sandbox.environment(), "keep": sandbox.keep_urls()})
    );
    for line in std::io::stdin().lines() {
        assert_eq!(line.unwrap(), "counts");
        let entries = sandbox.log().entries();
        let keep = |method: &'static str| {
            entries
                .iter()
                .filter(move |entry| entry.is_keep && entry.method == method && entry.status == 200)
        };
        println!(
            "{}",
            json!({
                "api": sandbox.log().api_requests(),
                "puts": keep("PUT").count(),
                "heads": keep("HEAD").count(),
                "sent": keep("PUT").map(|entry| entry.received).sum::<u64>(),
            })
        );
    }
}
