//! `yunlong completions` and `yunlong man`: of the whole program, the server's commands among them.

use crate::CliError;
use crate::terminal::{lang, say};
use clap::Args;
use clap_complete::Shell;
use std::io::Write as _;
use std::path::PathBuf;

/// `yunlong completions`.
#[derive(Args, Debug)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// `yunlong man`.
#[derive(Args, Debug)]
pub struct Man {
    /// Write a page for each command into this folder, such as ~/.local/share/man/man1; without it the page of the
    /// program goes to standard output
    dir: Option<PathBuf>,
}

/// Writes a script for a shell to standard output.
pub(crate) fn completions(options: &Completions, mut program: clap::Command) -> Result<(), CliError> {
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut program, name, &mut script);
    print(&script)
}

/// Writes the manual.
pub(crate) fn man(options: &Man, program: clap::Command) -> Result<(), CliError> {
    let Some(dir) = &options.dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(program).render(&mut page).map_err(CliError::io("the manual"))?;
        return print(&page);
    };
    std::fs::create_dir_all(dir).map_err(CliError::io(dir.display()))?;
    clap_mangen::generate_to(program, dir).map_err(CliError::io(dir.display()))?;
    let shown = dir.display();
    say!(
        "{}",
        lang().pick(&format!("手册已写入 {shown}：man yunlong"), &format!("the manual is in {shown}: man yunlong"))
    )
}

/// A reader that has seen enough is no error.
fn print(bytes: &[u8]) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(CliError::io("standard output")(e)),
        _ => Ok(()),
    }
}
