//! Programs of Arvados that import the Python module, on our Python package; without an engine. What they get beside
//! the SDK is compared in `differential::callers`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Cluster, Environment, Output, Python, StandIn, data};

fn caller(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/python/callers")
        .join(name)
}

/// Makes an environment in which Python programs find our package, and it our programs.
fn environment(cluster: &Cluster) -> Environment {
    let mut environment = Environment::on(cluster);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    environment.set("PYTHONPATH", root.join("python"));
    environment.set("PYTHONDONTWRITEBYTECODE", "1");
    environment.set("KEEPDOCKER", env!("CARGO_BIN_EXE_keepdocker"));
    environment.set("ARV_KEEPDOCKER", env!("CARGO_BIN_EXE_arv-keepdocker"));
    environment
}

fn with_hello_world() -> (Cluster, Environment) {
    let cluster = Cluster::start();
    let environment = environment(&cluster);
    let archive = data("hello-world-ManifestV2.tar");
    let source = format!("docker-archive:{}", archive.display());
    let _ = environment
        .keepdocker(&["upload", "--from", &source])
        .success();
    (cluster, environment)
}

/// Returns the Python that the SDK's was made from, which has no SDK.
fn other(environment: &Environment, python: &Python) -> PathBuf {
    let code = "import sys; print(sys._base_executable)";
    let printed = python.run(environment, "python", &["-c", code]).success();
    PathBuf::from(printed.trim())
}

/// Runs a Python program as `python3 -m keepdocker run` does.
fn run(environment: &Environment, python: &Path, words: &[&str], input: &str) -> Output {
    let words = [&["-m", "keepdocker", "run"], words].concat();
    let input = std::io::Cursor::new(input.to_owned());
    environment.run_on(python, &words, input)
}

#[test]
fn arvados_cwl_runner_finds_an_image_through_our_package() {
    let Some(python) = Python::find() else { return };
    let (cluster, environment) = with_hello_world();
    let cases = " hello-world:latest\n hello-world\nproject_uuid=x,copy_deps hello-world\n";

    let script = caller("runner.py").display().to_string();
    let output = run(&environment, &python.program("python"), &[&script], cases);

    let stdout = output.success();
    let content = cluster.only_collection()["portable_data_hash"].clone();
    let content = content.as_str().unwrap();
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(lines[0], format!("hello-world:latest {content}"));
    assert_eq!(lines[1], format!("hello-world {content}"));
    assert!(lines[2].contains("raises WorkflowException"), "{stdout}");
}

#[test]
fn a_program_of_another_python_is_run_by_that_one() {
    let Some(python) = Python::find() else { return };
    let (cluster, environment) = with_hello_world();
    let runner = python.program("arvados-cwl-runner").display().to_string();
    let other = other(&environment, &python);

    let output = run(&environment, &other, &[&runner, "--version"], "");
    assert!(output.success().contains("arvados-cwl-runner"), "{output}");

    let tool = environment.home().join("tool.cwl");
    let text = r#"{"cwlVersion": "v1.2", "class": "CommandLineTool", "baseCommand": "echo", "inputs": [], "outputs": [],
        "requirements": {"DockerRequirement": {"dockerPull": "hello-world"}}}"#;
    fs::write(&tool, text).unwrap();
    // What the runner itself runs in.
    let jobs = "arvados/jobs:3.2.1";
    let archive = data("hello-world-ManifestV2.tar");
    let source = format!("docker-archive:{}", archive.display());
    let _ = environment
        .keepdocker(&["upload", "--from", &source, jobs])
        .success();
    // A script that names no Python is for the one that is called.
    let whole = caller("whole_runner.py").display().to_string();
    let words = [&whole, "--print-keep-deps", tool.to_str().unwrap()];
    let found = run(&environment, &python.program("python"), &words, "").success();
    let collections = cluster.collections();
    let content = collections[0]["portable_data_hash"].as_str().unwrap();
    assert!(found.contains(content), "{found}");
}

#[test]
fn what_cannot_be_run_on_our_functions_is_named() {
    let Some(python) = Python::find() else { return };
    let cluster = Cluster::start();
    let environment = environment(&cluster);
    let other = other(&environment, &python);
    let python = python.program("python");
    for (words, code, mention) in [
        (&["no-such-program"][..], 1, "no program `no-such-program`"),
        (&["/bin/sh"], 1, "/bin/sh is no Python script"),
        (&[], 2, "usage: python3 -m keepdocker run PROGRAM"),
    ] {
        let output = run(&environment, &python, words, "");
        assert!(output.failure(code).contains(mention), "{output}");
    }
    // This one has no SDK.
    let script = caller("runner.py").display().to_string();
    let output = run(&environment, &other, &[&script], "");
    assert!(output.failure(1).contains("has no Arvados SDK"), "{output}");
}

#[test]
fn a_pth_file_gives_every_program_our_functions() {
    let Some(python) = Python::find() else { return };
    let (_cluster, environment) = with_hello_world();
    let packages = environment.home().join("packages");
    fs::create_dir(&packages).unwrap();
    fs::write(
        packages.join("keepdocker.pth"),
        "import keepdocker.on_import\n",
    )
    .unwrap();
    let start = format!("import site, sys; site.addsitedir({packages:?})\n");
    let script = start
        + "print('arvados' in sys.modules)\n\
           import arvados, arvados.commands.keepdocker as module\n\
           print(module.main.__module__, module.list_images_in_arv.__module__)\n\
           print(module.list_images_in_arv(arvados.api('v1'), 3, 'hello-world')[0][1]['tag'])\n";

    let output = python.run(&environment, "python", &["-c", &script]);

    assert_eq!(
        output.success(),
        "False\nkeepdocker keepdocker._listing\nlatest\n"
    );
}

#[test]
fn messages_reach_the_loggers_of_the_program_and_nothing_else_does() {
    let Some(python) = Python::find() else { return };
    let cluster = Cluster::start();
    let mut environment = environment(&cluster);
    StandIn::new().install(&mut environment);
    let other = other(&environment, &python);
    let script = caller("logging_program.py").display().to_string();
    let python = |words: &[&str]| {
        let words = [&[script.as_str()], words].concat();
        environment.run(&other, &words)
    };

    let refused = python(&["hello-world:latest", "second"]);
    let _ = refused.failure(1);
    let expected = "arvados.keepdocker ERROR image 'hello-world:latest' already includes a tag";
    assert!(refused.stdout().starts_with(expected), "{refused}");
    assert_eq!(refused.stderr, "", "{refused}");

    let wrong = python(&["--nonsense"]);
    assert!(
        wrong.failure(2).contains("usage: arv-keepdocker "),
        "{wrong}"
    );
    assert_eq!(wrong.stdout(), "", "{wrong}");

    let uploaded = python(&["--batch-progress", "hello-world"]);
    let uuid = cluster.only_collection()["uuid"].clone();
    let uuid = uuid.as_str().unwrap();
    assert!(
        uploaded.success().ends_with(&format!("{uuid}\n")),
        "{uploaded}"
    );
    assert!(uploaded.stderr.contains(" written "), "{uploaded}");

    // Where nobody listens, they come as they are.
    let words = [
        "-c",
        "import keepdocker; keepdocker.main(['hello-world:latest', 'second'])",
    ];
    let plain = environment.run(&other, &words);
    assert!(
        plain
            .failure(1)
            .contains("] ERROR: image 'hello-world:latest'"),
        "{plain}"
    );
}

#[test]
fn a_signal_ends_the_upload_too() {
    let Some(python) = Python::find() else { return };
    let cluster = Cluster::start();
    let mut environment = environment(&cluster);
    let pid = environment.home().join("pid");
    let save = format!(
        "echo $PPID >{0}.new; mv {0}.new {0}; exec sleep 60",
        pid.display()
    );
    StandIn::new().saving(save).install(&mut environment);
    let script = caller("logging_program.py").display().to_string();
    let words = [script.as_str(), "hello-world"];
    let mut child = environment.start(other(&environment, &python), &words, Stdio::null());
    let deadline = Instant::now() + Duration::from_secs(60);
    while !pid.exists() {
        assert!(Instant::now() < deadline, "the engine was not asked");
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        std::thread::sleep(Duration::from_millis(20));
    }

    let killed = Command::new("kill").arg(child.id().to_string()).status();
    assert!(killed.unwrap().success());

    // As the SDK's function says it: the negative number of the signal, of which the system keeps eight bits.
    assert_eq!(child.wait().unwrap().code(), Some(256 - 15));
    cluster.assert_nothing_registered();
}
