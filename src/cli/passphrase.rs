//! A passphrase from whoever called: never on the command line, where others see it.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::model::Secret;

/// What can be guessed in an afternoon is none.
const SHORTEST: usize = 8;

/// A passphrase in a file.
#[derive(Args)]
pub(super) struct InFile {
    /// The passphrase is the first line of this file; - is standard input
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl InFile {
    /// The passphrase in the file, when one was named.
    pub(super) fn read(&self) -> Result<Option<Secret>, String> {
        let Some(path) = &self.passphrase_file else { return Ok(None) };
        let line = first_line(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Some(checked(line).map_err(|why| format!("{}: {why}", path.display()))).transpose()
    }
}

fn first_line(path: &Path) -> std::io::Result<String> {
    let mut line = String::new();
    if path == Path::new("-") {
        std::io::stdin().lock().read_line(&mut line)?;
    } else {
        std::io::BufReader::new(std::fs::File::open(path)?).read_line(&mut line)?;
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// One that is made up now: asked for twice.
pub(super) fn ask_new() -> Result<Secret, String> {
    let passphrase = checked(ask("Passphrase for the backup: ")?)?;
    if Secret::new(ask("The same again: ")?) != passphrase {
        return Err("the two are not the same; nothing was made".into());
    }
    Ok(passphrase)
}

/// One that there is.
pub(super) fn ask_known() -> Result<Secret, String> {
    ask("Passphrase of the backup: ").map(Secret::new)
}

fn ask(question: &str) -> Result<String, String> {
    if !std::io::stdin().is_terminal() {
        return Err(
            "a passphrase is needed and there is no terminal to ask on; give --passphrase-file FILE".into()
        );
    }
    rpassword::prompt_password(question).map_err(|error| format!("the passphrase could not be read: {error}"))
}

fn checked(passphrase: String) -> Result<Secret, String> {
    if passphrase.chars().count() < SHORTEST {
        return Err(format!("a passphrase takes {SHORTEST} characters at least; four words are a good one"));
    }
    Ok(Secret::new(passphrase))
}
