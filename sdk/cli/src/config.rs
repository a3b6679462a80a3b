//! The user's own files: keys and sessions, in `$XDG_CONFIG_HOME/yunlong` or `~/.config/yunlong`.

use crate::CliError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The folder; made with mode 0700 when it is not there.
pub(crate) fn dir() -> Result<PathBuf, CliError> {
    let base = match std::env::var_os("XDG_CONFIG_HOME").filter(|v| Path::new(v).is_absolute()) {
        Some(dir) => PathBuf::from(dir),
        None => std::env::home_dir()
            .ok_or_else(|| {
                CliError::told(
                    ("没有主文件夹", "there is no home folder"),
                    ("把 XDG_CONFIG_HOME 设为您的一个文件夹", "set XDG_CONFIG_HOME to a folder of yours"),
                )
            })?
            .join(".config"),
    };
    let dir = base.join("yunlong");
    make_private(&dir)?;
    Ok(dir)
}

/// The folder of signing keys.
pub(crate) fn keys_dir() -> Result<PathBuf, CliError> {
    let dir = dir()?.join("keys");
    make_private(&dir)?;
    Ok(dir)
}

fn make_private(dir: &Path) -> Result<(), CliError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).map_err(CliError::io(dir.display()))
}

/// The sessions that `yunlong login` keeps, by server.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sessions(BTreeMap<String, Kept>);

/// A kept session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) account: String,
    pub(crate) token: String,
}

impl Sessions {
    pub(crate) fn load() -> Result<Self, CliError> {
        Self::load_from(&dir()?.join("sessions.json"))
    }

    fn load_from(path: &Path) -> Result<Self, CliError> {
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| {
                let next = crate::terminal::lang().pick(
                    "删除该文件，再用 `yunlong login` 登录",
                    "delete that file and sign in again with `yunlong login`",
                );
                CliError::usage(format!("{}: {e}", path.display()), next)
            }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(e) => Err(CliError::io(path.display())(e)),
        }
    }

    pub(crate) fn get(&self, server: &str) -> Option<&Kept> {
        self.0.get(server)
    }

    pub(crate) fn set(&mut self, server: &str, kept: Option<Kept>) {
        match kept {
            Some(k) => self.0.insert(server.to_owned(), k),
            None => self.0.remove(server),
        };
    }

    pub(crate) fn save(&self) -> Result<(), CliError> {
        self.save_to(&dir()?.join("sessions.json"))
    }

    fn save_to(&self, path: &Path) -> Result<(), CliError> {
        use std::io::Write as _;
        let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
        let write = || -> std::io::Result<()> {
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create(true).truncate(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(&temporary)?;
            file.write_all(&serde_json::to_vec_pretty(&self)?)?;
            file.sync_all()?;
            std::fs::rename(&temporary, path)
        };
        write().map_err(CliError::io(path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_survive_and_are_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sessions.json");
        let mut sessions = Sessions::load_from(&path).unwrap();
        sessions.set("http://localhost:8080", Some(Kept { account: "a".into(), token: "t".into() }));
        sessions.save_to(&path).unwrap();
        assert_eq!(Sessions::load_from(&path).unwrap(), sessions);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::write(&path, "{").unwrap();
        assert!(Sessions::load_from(&path).unwrap_err().next().contains("login"));
    }
}
