//! Signals that end the program.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use keepdocker_sandbox::faults::{Action, Fault};

use crate::support::{Cluster, Environment, StandIn};

#[test]
fn a_signal_ends_it_as_it_ends_the_python_program() {
    // The signal, and the exit codes of an upload, which is the negative number, and of a listing.
    for (signal, upload, listing) in [("INT", 254, 130), ("QUIT", 253, 131), ("TERM", 241, 143)] {
        for (arguments, code) in [(&["hello-world"][..], upload), (&["images"], listing)] {
            let cluster = Cluster::start();
            let late = Action::Delay(Duration::from_secs(600));
            cluster.faults().plan(Fault::on("", late));
            let mut environment = Environment::on(&cluster);
            StandIn::new().install(&mut environment);
            let (printed, errors) = (
                environment.home().join("out"),
                environment.home().join("err"),
            );
            let mut child = Command::new(env!("CARGO_BIN_EXE_arv-keepdocker"))
                .args(arguments)
                .env_clear()
                .envs(cluster.environment())
                .env("HOME", environment.home())
                .env("PATH", environment.variable("PATH"))
                .stdin(Stdio::null())
                .stdout(File::create(&printed).unwrap())
                .stderr(File::create(&errors).unwrap())
                .spawn()
                .unwrap();
            let deadline = Instant::now() + Duration::from_secs(60);
            while cluster.faults().left() > 0 {
                assert!(Instant::now() < deadline, "no request came");
                std::thread::sleep(Duration::from_millis(2));
            }
            let sent = Command::new("kill")
                .args(["-s", signal, &child.id().to_string()])
                .status();
            assert!(sent.unwrap().success());

            let status = child.wait().unwrap();

            let told = fs::read_to_string(errors).unwrap();
            assert_eq!(status.code(), Some(code), "{signal}: {told} {status}");
            let words = format!("ERROR: Caught signal {}, exiting.", 256 - upload);
            assert!(told.contains(&words), "{told}");
            assert_eq!(fs::read_to_string(printed).unwrap(), "");
            cluster.assert_nothing_registered();
        }
    }
}
