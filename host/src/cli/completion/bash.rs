//! What Bash needs: it takes words apart at colons, which names of images have.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use clap_complete::env::EnvCompleter;

/// The script puts the words together again before it asks, and takes off the candidates what Bash keeps of the word.
const SCRIPT: &str = r#"_NAME() {
    local IFS=$'\n' word cur='' i
    local -a words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((i > 1)) && [[ $word == [:=]* || $cur == *[:=] ]]; then
            cur+=$word
            words[${#words[@]}-1]=$cur
        else
            cur=$word
            words+=("$word")
        fi
    done
    COMPREPLY=($(VAR=bash COMPLETER -- "${words[@]}" 2>/dev/null))
    local kept=''
    [[ $COMP_WORDBREAKS == *:* && $cur == *:* ]] && kept=${cur%"${cur##*:}"}
    [[ $COMP_WORDBREAKS == *=* && ${cur#"$kept"} == *=* ]] && kept=${cur%"${cur##*=}"}
    [[ -n $kept ]] && COMPREPLY=("${COMPREPLY[@]#"$kept"}")
    if [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *[/:=] ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -o bashdefault -o default -F _NAME BIN
"#;

/// Completion for Bash.
pub(super) struct Bash;

impl EnvCompleter for Bash {
    fn name(&self) -> &'static str {
        "bash"
    }

    fn is(&self, name: &str) -> bool {
        name == "bash"
    }

    fn write_registration(
        &self,
        variable: &str,
        name: &str,
        program: &str,
        completer: &str,
        text: &mut dyn Write,
    ) -> io::Result<()> {
        let script = SCRIPT
            .replace("NAME", &name.replace('-', "_"))
            .replace("COMPLETER", completer)
            .replace("BIN", program)
            .replace("VAR", variable);
        text.write_all(script.as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut clap::Command,
        typed: Vec<OsString>,
        folder: Option<&Path>,
        text: &mut dyn Write,
    ) -> io::Result<()> {
        // The script sends no words behind the one that is completed.
        let index = typed.len() - 1;
        for candidate in clap_complete::engine::complete(command, typed, index, folder)? {
            writeln!(text, "{}", candidate.get_value().to_string_lossy())?;
        }
        Ok(())
    }
}
