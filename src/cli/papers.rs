//! `tetherd papers FOLDER`: the man pages and the shell completions, for whoever makes a package.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::Man;

use super::Arguments;

/// What the page of the whole says beside the options.
const MORE: &str = r".SH FILES
.TP
.I /etc/tetherd/tetherd.toml
The configuration, read when no other file is named. Every key is in it, with its default.
.TP
.I /var/lib/tetherd/tetherd.db
Everything: instances, their sealed credentials, events that wait for delivery.
.TP
.I /var/lib/tetherd/sealing.key
Opens the sealed values. A database without its key is of no use: keep both, or neither.
.TP
.I /var/lib/tetherd/api\-key
The key that was made at the first start, until it is used for the first time.
.SH ENVIRONMENT
Every key of the file can be given by the environment, which goes before the file: the path in capitals, such as
.B TETHERD_LISTEN
or
.BR TETHERD_WHATSAPP_DEVICE_NAME .
.SH EXIT STATUS
0 when it did what it was told, 1 when it did not and said why, 2 when the command line is wrong.
";

pub(super) fn run(folder: &Path) -> Result<(), String> {
    write(folder).map_err(|error| format!("{}: {error}", folder.display()))
}

fn write(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let mut command = without_help(Arguments::command());
    command.build();
    pages(&command, folder)?;
    let mut command = Arguments::command();
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut command, "tetherd", folder)?;
    }
    Ok(())
}

/// `help` is no command with a page of its own.
fn without_help(command: Command) -> Command {
    command.disable_help_subcommand(true).mut_subcommands(without_help)
}

/// One page a command: `tetherd.1`, `tetherd-key-show.1`.
fn pages(command: &Command, folder: &Path) -> std::io::Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let mut file = File::create(folder.join(format!("{name}.1")))?;
    let page = Man::new(command.clone()).title(name.to_uppercase()).manual("tetherd");
    page.render(&mut file)?;
    if !name.contains('-') {
        file.write_all(MORE.as_bytes())?;
    }
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        pages(below, folder)?;
    }
    Ok(())
}
