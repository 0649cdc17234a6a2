//! Serves the cluster in a folder and prints the environment to use it: `serve DIR`.

use std::path::Path;

use keepdocker_sandbox::{Options, Sandbox};

#[tokio::main]
#[expect(
    clippy::print_stdout,
    reason = "the environment is what this program is for"
)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let dir = arguments.next().ok_or("a folder is needed: serve DIR")?;
    let sandbox = Sandbox::start(Path::new(&dir), Options::default()).await?;
    for (name, value) in sandbox.environment() {
        println!("export {name}='{value}'");
    }
    std::future::pending::<()>().await;
    Ok(())
}
