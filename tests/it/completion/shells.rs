//! Real shells in which somebody types and presses the tab key.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{Environment, Output, skip};

/// Puts the program onto the path, where the scripts look for it, and the scripts into the home folder.
pub(super) fn install(environment: &mut Environment) {
    let programs = environment.home().join("bin");
    fs::create_dir_all(&programs).unwrap();
    symlink(
        env!("CARGO_BIN_EXE_keepdocker"),
        programs.join("keepdocker"),
    )
    .unwrap();
    let path = environment.variable("PATH").to_str().unwrap();
    environment.set("PATH", format!("{}:{path}", programs.display()));
    for shell in ["bash", "zsh", "fish"] {
        let script = environment.keepdocker(&["completions", shell]).success();
        fs::write(environment.home().join(format!("script.{shell}")), script).unwrap();
    }
}

/// Makes a program of a script, and returns its path.
pub(super) fn script(environment: &Environment, name: &str, text: &str) -> String {
    let program = environment.home().join(name);
    let (draft, program) = (
        program.with_extension("draft"),
        program.display().to_string(),
    );
    fs::write(&draft, format!("#!/bin/sh\n{text}\n")).unwrap();
    // A file that this process has open for writing while another thread forks could not be started.
    let install = "cp \"$1\" \"$2\" && chmod +x \"$2\"";
    let words = ["-c", install, "sh", draft.to_str().unwrap(), &program];
    let _ = environment.run("sh", &words).success();
    program
}

/// Asks the program as the script of a shell does.
pub(super) fn asked(environment: &Environment, shell: &str, words: &[&str]) -> Output {
    let index = (words.len() - 1).to_string();
    let program = env!("CARGO_BIN_EXE_keepdocker");
    let mut line = vec![
        format!("KEEPDOCKER_COMPLETE={shell}"),
        format!("_CLAP_COMPLETE_INDEX={index}"),
        program.to_owned(),
        "--".to_owned(),
    ];
    line.extend(words.iter().map(|word| (*word).to_owned()));
    environment.run("env", &line)
}

/// Returns what the line is in an interactive Bash after the tab key.
pub(super) fn bash(environment: &Environment, typed: &str) -> String {
    // Another key has the line written down; a terminal is what makes Bash read keys.
    let home = environment.home().display();
    let setup = format!(
        "PS1='> '\nsource {home}/script.bash\nbind 'set bell-style none'\n\
         bind 'set completion-query-items 0'\nbind 'set page-completions off'\n\
         bind -x '\"\\C-g\": printf %s \"$READLINE_LINE\" >{home}/line; exit'\n"
    );
    fs::write(environment.home().join("setup"), setup).unwrap();
    let keys = format!("{typed}\t\u{7}");
    in_terminal(
        environment,
        &format!("bash --noprofile --rcfile {home}/setup -i"),
        &keys,
        "> ",
    );
    fs::read_to_string(environment.home().join("line")).unwrap()
}

/// Runs a command in a terminal of its own, and types once it shows that it is ready.
fn in_terminal(environment: &Environment, command: &str, keys: &str, ready: &str) {
    let home = environment.home().display();
    fs::write(environment.home().join("keys"), keys).unwrap();
    fs::write(environment.home().join("screen"), "").unwrap();
    let _ = fs::remove_file(environment.home().join("line"));
    // `script` makes the terminal. It copies what comes from the pipe to it, and what is shown to the file.
    let typing = format!(
        "until grep -qF -- '{ready}' {home}/screen; do sleep 0.02; done; cat {home}/keys; \
         for try in $(seq 500); do [ -e {home}/line ] && break; sleep 0.02; done"
    );
    let line =
        format!("{{ {typing}; }} | script --quiet --flush --command '{command}' {home}/screen; :");
    let _ = environment.run("bash", &["-c", &line]);
}

/// Returns what an interactive zsh shows after the tab key; none where there is no zsh.
pub(super) fn zsh(environment: &Environment, typed: &str) -> Option<String> {
    find(environment, "zsh")?;
    let home = environment.home().display();
    let setup = format!(
        "PS1='> '\nautoload -Uz compinit && compinit -u -D\nsource {home}/script.zsh\n\
         note() {{ print -rn -- \"$BUFFER\" >{home}/line; exit }}\nzle -N note\nbindkey '^G' note\n"
    );
    fs::write(environment.home().join(".zshrc"), setup).unwrap();
    let keys = format!("{typed}\t\u{7}");
    in_terminal(environment, "zsh -o NO_GLOBAL_RCS -i", &keys, "> ");
    Some(fs::read_to_string(environment.home().join("line")).unwrap())
}

/// Returns what fish offers; none where there is no fish.
pub(super) fn fish(environment: &Environment, typed: &str) -> Option<String> {
    find(environment, "fish")?;
    let script = environment.home().join("script.fish");
    let line = format!(
        "source {}; complete --do-complete '{typed}'",
        script.display()
    );
    Some(
        environment
            .run("fish", &["--no-config", "--command", &line])
            .success(),
    )
}

fn find(environment: &Environment, shell: &str) -> Option<()> {
    if environment
        .run("sh", &["-c", &format!("command -v {shell}")])
        .status
        .success()
    {
        return Some(());
    }
    skip(&format!("`{shell}`"));
    None
}
