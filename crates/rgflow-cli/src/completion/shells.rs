//! Bash and zsh where the usual scripts fall short: bash takes `KEY=VALUE` for three words, and both would put a blank
//! behind `KEY=`.

use clap::Command;
use clap_complete::env::{self, EnvCompleter};
use std::ffi::OsString;
use std::io::{Error, Write};
use std::path::Path;

/// A shell with a script of ours.
pub struct Shell {
    name: &'static str,
    script: &'static str,
    answer: Answer,
}

/// Writes what may follow the words of a line in a folder.
type Answer = fn(&mut Command, Vec<OsString>, Option<&Path>, &mut dyn Write) -> Result<(), Error>;

pub const BASH: Shell = Shell { name: "bash", script: BASH_SCRIPT, answer: answer_bash };
pub const ZSH: Shell = Shell {
    name: "zsh",
    script: ZSH_SCRIPT,
    answer: |command, words, folder, buffer| env::Zsh.write_complete(command, words, folder, buffer),
};

const BASH_SCRIPT: &str = r#"_rgflow_complete() {
    local IFS=$'\013'
    local words=("${COMP_WORDS[@]:0:COMP_CWORD}")
    case "${COMP_WORDS[COMP_CWORD]}" in
        =|:) words+=("${COMP_WORDS[COMP_CWORD]}") ;;
        *) words+=("$2") ;;
    esac
    COMPREPLY=( $(_CLAP_IFS="$IFS" VAR=bash COMPLETER -- "${words[@]}" 2> /dev/null) )
    if [[ $? != 0 ]]; then
        unset COMPREPLY
    elif [[ "${COMPREPLY-}" =~ [=/:]$ ]]; then
        compopt -o nospace 2> /dev/null
    fi
}
complete -o bashdefault -o nosort -F _rgflow_complete BIN 2> /dev/null || complete -o bashdefault -F _rgflow_complete BIN
"#;

const ZSH_SCRIPT: &str = r#"#compdef BIN
function _rgflow() {
    local _CLAP_IFS=$'\n'
    local -a answers=("${(@f)$(_CLAP_IFS="$_CLAP_IFS" _CLAP_COMPLETE_INDEX=$(( CURRENT - 1 )) VAR=zsh COMPLETER -- "${(@)words[1,CURRENT]}" 2> /dev/null)}")
    local -a open=() done=()
    local answer
    for answer in $answers; do
        # A blank does not follow where the word goes on: KEY= and FOLDER/.
        if [[ "${${answer//\\:/}%%:*}" == *[=/] ]]; then open+=("$answer"); else done+=("$answer"); fi
    done
    [[ -n $open ]] && _describe -V 'values' open -S ''
    [[ -n $done ]] && _describe -V 'values' done
}
if [[ "$funcstack[1]" = "_rgflow" ]]; then _rgflow "$@"; else compdef _rgflow BIN; fi
"#;

impl EnvCompleter for Shell {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is(&self, name: &str) -> bool {
        name == self.name
    }

    fn write_registration(
        &self,
        var: &str,
        _name: &str,
        bin: &str,
        completer: &str,
        buffer: &mut dyn Write,
    ) -> Result<(), Error> {
        let completer = format!("'{}'", completer.replace('\'', r"'\''"));
        let script = self.script.replace("COMPLETER", &completer).replace("BIN", bin).replace("VAR", var);
        buffer.write_all(script.as_bytes())
    }

    fn write_complete(
        &self,
        command: &mut Command,
        words: Vec<OsString>,
        folder: Option<&Path>,
        buffer: &mut dyn Write,
    ) -> Result<(), Error> {
        (self.answer)(command, words, folder, buffer)
    }
}

fn answer_bash(
    command: &mut Command,
    words: Vec<OsString>,
    folder: Option<&Path>,
    buffer: &mut dyn Write,
) -> Result<(), Error> {
    let (words, head) = joined(words);
    let separator = std::env::var("_CLAP_IFS").unwrap_or_else(|_| "\n".into());
    let last = words.len().saturating_sub(1);
    let found = clap_complete::engine::complete(command, words, last, folder)?;
    // Bash replaces only what follows the last `=` or `:`.
    let found = found.iter().filter_map(|one| Some(one.get_value().to_str()?.strip_prefix(&head)?.to_string()));
    buffer.write_all(found.collect::<Vec<_>>().join(&separator).as_bytes())
}

/// The words of bash, which are cut at `=` and `:`, as they were written; and the part of the last one that bash does
/// not replace.
fn joined(words: Vec<OsString>) -> (Vec<OsString>, String) {
    let is_cut = |word: &OsString| word == "=" || word == ":";
    let mut whole: Vec<OsString> = Vec::new();
    let (mut head, mut is_open) = (OsString::new(), false);
    for word in words {
        match whole.last_mut() {
            Some(last) if is_open || is_cut(&word) => {
                is_open = is_cut(&word);
                head = last.clone();
                last.push(&word);
                if is_open {
                    head = last.clone();
                }
            }
            _ => {
                head = OsString::new();
                whole.push(word);
            }
        }
    }
    (whole, head.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::joined;
    use std::ffi::OsString;

    #[test]
    fn words_that_bash_cuts_are_whole_again() {
        for (cut, whole, head) in [
            ("rgflow run --set rbm.ep", "rgflow run --set rbm.ep", ""),
            ("rgflow --set rbm.method =", "rgflow --set rbm.method=", "rbm.method="),
            ("rgflow --set rbm.method = c", "rgflow --set rbm.method=c", "rbm.method="),
            ("rgflow --set = rbm.method = c", "rgflow --set=rbm.method=c", "--set=rbm.method="),
            ("rgflow --set a = 1 --units categorical : 3", "rgflow --set a=1 --units categorical:3", "categorical:"),
            ("rgflow --set a = 1 --set", "rgflow --set a=1 --set", ""),
        ] {
            let words: Vec<OsString> = cut.split(' ').map(OsString::from).collect();
            let (found, kept) = joined(words);
            assert_eq!((found.join(" ".as_ref()).to_str(), kept.as_str()), (Some(whole), head), "{cut}");
        }
    }
}
