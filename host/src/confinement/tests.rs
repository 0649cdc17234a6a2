//! The confinement, tried from within: what it denies fails, and fails nowhere else.

use std::io::ErrorKind;
use std::process::Command;
use std::{fs, thread};

use super::{close_ports, enter, measures, outside};

fn run() -> std::io::Result<bool> {
    Ok(Command::new("true").status()?.success())
}

fn status(name: &str) -> String {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.rsplit('\t').next().unwrap().to_owned()
}

/// What is confined stays so, and other tests are not to be; hence a process for this one.
#[test]
fn confined_threads_start_no_program_and_the_launcher_does() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--ignored", "confinement::tests::within"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains(" 1 passed"), "{said}");
}

#[test]
#[ignore = "the test above runs it in a process of its own"]
fn within() {
    let seccomp_before = status("Seccomp:");
    assert!(run().unwrap(), "`true` runs before");

    enter();

    let names: Vec<&str> = measures().map(|measure| measure.name).collect();
    assert_eq!(names, ["memory", "landlock", "seccomp"]);
    let in_force =
        |name: &str| measures().any(|measure| measure.name == name && measure.lacking.is_none());

    assert!(in_force("memory"));
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let most: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(most, ["0", "0"]);

    if in_force("landlock") || in_force("seccomp") {
        assert_eq!(run().unwrap_err().kind(), ErrorKind::PermissionDenied);
        // Threads that it starts are confined as well.
        let inherited = thread::spawn(run).join().unwrap();
        assert_eq!(inherited.unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!(status("NoNewPrivs:"), "1");
    }
    if in_force("seccomp") {
        assert_eq!(status("Seccomp:"), "2");
    }
    assert!(outside(run).unwrap());
    assert_eq!(outside(|| status("Seccomp:")), seccomp_before);

    // What the program needs works all the same: files, memory, threads, the network.
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "text").unwrap();
    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::rename(folder.path().join("file"), other.join("file")).unwrap();
    fs::hard_link(other.join("file"), folder.path().join("link")).unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();

    close_ports();
    assert_eq!(measures().last().unwrap().name, "ports");
    if in_force("ports") {
        let listening = std::net::TcpListener::bind("127.0.0.1:0");
        assert_eq!(listening.unwrap_err().kind(), ErrorKind::PermissionDenied);
        let listening = thread::spawn(|| std::net::TcpListener::bind("127.0.0.1:0"));
        let listening = listening.join().unwrap();
        assert_eq!(listening.unwrap_err().kind(), ErrorKind::PermissionDenied);
    }
    if in_force("listening") {
        let listening = std::os::unix::net::UnixListener::bind(other.join("socket"));
        assert_eq!(listening.unwrap_err().kind(), ErrorKind::PermissionDenied);
    }
    // Others can still be connected to.
    std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
}
