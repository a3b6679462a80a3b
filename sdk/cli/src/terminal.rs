//! Asking, and the person's language.

use crate::CliError;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{BufRead as _, IsTerminal as _, Read, Write as _};
use yunlong_model::Lang;
use zeroize::Zeroizing;

/// Prints a line as `println!` does, and answers a `Result` instead of panicking.
macro_rules! say {
    ($($text:tt)*) => { $crate::terminal::out(format_args!("{}\n", format_args!($($text)*))) };
}

/// As `say`, without the end of the line.
macro_rules! say_raw {
    ($($text:tt)*) => { $crate::terminal::out(format_args!($($text)*)) };
}

pub(crate) use {say, say_raw};

/// Writes to standard output. A reader that has seen enough (`yunlong apps | head`) is no error.
pub(crate) fn out(text: std::fmt::Arguments<'_>) -> Result<(), CliError> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_fmt(text).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CliError::io(lang().pick("标准输出", "standard output"))(e))
        }
        _ => Ok(()),
    }
}

/// How far the transfer of bytes is: a bar at a terminal, nothing elsewhere.
pub(crate) struct Bar(Option<ProgressBar>);

impl Bar {
    pub(crate) fn new(what: &str, total: u64) -> Self {
        Self(std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total);
            let template = "{prefix} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} (ETA {eta})";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_prefix(what.to_owned());
            bar
        }))
    }

    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(crate) fn advance(&self, bytes: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(bytes);
        }
    }
}

/// Bytes on their way out, and the bar that shows it.
pub(crate) struct Counted<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) bar: Option<&'a Bar>,
}

impl Read for Counted<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let n = self.bytes.read(out)?;
        if let Some(bar) = self.bar {
            bar.advance(n as u64);
        }
        Ok(n)
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// The language of the terminal (POSIX: LC_ALL before LC_MESSAGES before LANG); English when none
/// is Chinese.
#[must_use]
pub fn lang() -> Lang {
    // The unit tests read English, whatever the terminal of whoever runs them.
    if cfg!(test) {
        return Lang::En;
    }
    lang_of(|name| std::env::var(name).ok())
}

fn lang_of(var: impl Fn(&str) -> Option<String>) -> Lang {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(|n| var(n).filter(|v| !v.is_empty()));
    if set.is_some_and(|v| v.to_ascii_lowercase().starts_with("zh")) { Lang::Zh } else { Lang::En }
}

/// Asks a yes-or-no question; no is the answer to an empty line.
pub(crate) fn confirm(question: &str) -> Result<(), CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::told(
            ("这一步要您确认，而这里没有终端可问", "this needs an answer, and there is no terminal to ask at"),
            ("确实要做就加 --yes", "give --yes if you mean it"),
        ));
    }
    eprint!("{question} [y/N] ");
    _ = std::io::stderr().flush();
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(CliError::io(lang().pick("终端", "the terminal")))?;
    if ["y", "yes", "是", "好"].contains(&line.trim().to_lowercase().as_str()) {
        Ok(())
    } else {
        Err(CliError::Declined)
    }
}

/// Asks for a line.
pub(crate) fn ask(question: &str) -> Result<String, CliError> {
    if !std::io::stdin().is_terminal() {
        return Err(CliError::told(
            (format!("{question}：这里没有终端可问"), format!("{question}: there is no terminal to ask at")),
            ("用选项给出", "give it as an option"),
        ));
    }
    eprint!("{question}: ");
    _ = std::io::stderr().flush();
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(CliError::io(lang().pick("终端", "the terminal")))?;
    Ok(line.trim().to_owned())
}

/// A password: from YUNLONG_PASSWORD, from a pipe, or asked for without echo.
pub(crate) fn password(account: &str) -> Result<Zeroizing<String>, CliError> {
    match std::env::var("YUNLONG_PASSWORD") {
        Ok(p) => Ok(Zeroizing::new(p)),
        Err(_) => password_from_stdin(account),
    }
}

/// A password: from standard input, whatever the environment says.
pub(crate) fn password_from_stdin(account: &str) -> Result<Zeroizing<String>, CliError> {
    let stdin = std::io::stdin();
    let mut line = Zeroizing::new(String::new());
    if stdin.is_terminal() {
        eprint!("{} ({account}): ", lang().pick("密码", "Password"));
        _ = std::io::stderr().flush();
        without_echo(|| stdin.lock().read_line(&mut line))
            .map_err(CliError::io(lang().pick("终端", "the terminal")))?;
        eprintln!();
    } else {
        stdin.lock().read_line(&mut line).map_err(CliError::io(lang().pick("标准输入", "standard input")))?;
    }
    let password = Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_owned());
    if password.is_empty() {
        Err(CliError::told(
            ("没有给出密码", "no password was given"),
            ("输入密码，或设 YUNLONG_PASSWORD", "type it, or set YUNLONG_PASSWORD"),
        ))
    } else {
        Ok(password)
    }
}

/// A code of the second factor: from YUNLONG_CODE, or asked for.
pub(crate) fn code(account: &str) -> Result<String, CliError> {
    if let Ok(code) = std::env::var("YUNLONG_CODE") {
        return Ok(code);
    }
    if !std::io::stdin().is_terminal() {
        return Err(CliError::SecondFactor);
    }
    ask(&format!("{} ({account})", lang().pick("第二重验证码", "Code of the second factor")))
}

#[cfg(unix)]
fn without_echo<T>(read: impl FnOnce() -> std::io::Result<T>) -> std::io::Result<T> {
    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
    let stdin = std::io::stdin();
    let before = tcgetattr(&stdin)?;
    let mut quiet = before.clone();
    quiet.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&stdin, OptionalActions::Now, &quiet)?;
    let answer = read();
    tcsetattr(&stdin, OptionalActions::Now, &before)?;
    answer
}

#[cfg(not(unix))]
fn without_echo<T>(read: impl FnOnce() -> std::io::Result<T>) -> std::io::Result<T> {
    read()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_follows_posix_precedence() {
        let with =
            |vars: &[(&str, &str)]| lang_of(|n| vars.iter().find(|(k, _)| *k == n).map(|(_, v)| (*v).to_owned()));
        assert_eq!(with(&[]), Lang::En);
        assert_eq!(with(&[("LANG", "zh_CN.UTF-8")]), Lang::Zh);
        assert_eq!(with(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "en_GB.UTF-8")]), Lang::En);
        assert_eq!(with(&[("LANG", "C"), ("LC_MESSAGES", "zh_CN"), ("LC_ALL", "")]), Lang::Zh);
    }
}
