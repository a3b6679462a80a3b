//! Where the sources are from: the commit of the repository that the app's folder is in.

use std::path::Path;
use std::process::{Command, Stdio};
use url::Url;
use yunlong_model::Timestamp;

/// A commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// The repository's public address, as SPDX writes it: `git+https://…`.
    pub(super) uri: Option<String>,
    /// The commit's id.
    pub(super) commit: String,
    /// Whether tracked files differ from it.
    pub(super) modified: bool,
    /// When it was committed.
    pub(super) at: Option<Timestamp>,
}

impl Source {
    /// The commit of the repository that tracks the folder's `app.toml`; `None` when there is none, or no git.
    pub(super) fn of(dir: &Path) -> Option<Self> {
        // A folder that only lies within somebody's repository is not of that repository.
        git(dir, &["ls-files", "--error-unmatch", "--", "app.toml"])?;
        let commit = git(dir, &["rev-parse", "--verify", "HEAD"])?;
        let modified = git(dir, &["status", "--porcelain", "--untracked-files=no"]).is_none_or(|s| !s.is_empty());
        let at = git(dir, &["log", "-1", "--format=%ct"]).and_then(|t| super::seconds(&t));
        let uri = git(dir, &["remote", "get-url", "origin"]).and_then(|remote| public(&remote));
        Some(Self { uri: uri.map(|u| format!("git+{u}")), commit, modified, at })
    }
}

/// What git says, without the line break at the end; `None` when it fails.
fn git(dir: &Path, arguments: &[&str]) -> Option<String> {
    let mut git = Command::new("git");
    git.arg("-C").arg(dir).args(arguments).stdin(Stdio::null()).stderr(Stdio::null());
    // Looking changes nothing; and within a hook these point elsewhere.
    git.env("GIT_OPTIONAL_LOCKS", "0").env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE");
    let output = git.output().ok().filter(|o| o.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim_end().to_owned())
}

/// An address without what is nobody's business: account, password, token. `None` for a path of this machine.
pub(super) fn public(address: &str) -> Option<Url> {
    // git's short form: `git@host:path`.
    let short = || {
        let (host, path) = address.split_once(':')?;
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        (!host.contains('/') && !path.is_empty()).then(|| format!("ssh://{host}/{}", path.trim_start_matches('/')))
    };
    let address = if address.contains("://") { address.to_owned() } else { short()? };
    let mut url = Url::parse(&address).ok()?;
    let far =
        ["http", "https", "ssh", "git"].contains(&url.scheme()) && url.host_str().is_some_and(|h| h.contains('.'));
    if !far {
        return None;
    }
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    url.set_query(None);
    url.set_fragment(None);
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_tells_neither_who_nor_where_on_the_machine() {
        let of = |address: &str| public(address).map(String::from);
        assert_eq!(
            of("https://li:secret@git.example/a/b.git?token=x#y").as_deref(),
            Some("https://git.example/a/b.git")
        );
        assert_eq!(of("git@git.example:a/b.git").as_deref(), Some("ssh://git.example/a/b.git"));
        assert_eq!(of("ssh://li@git.example:22/a").as_deref(), Some("ssh://git.example:22/a"));
        for local in ["/srv/git/a", "../a", "file:///home/li/a", "C:\\git\\a", "http://localhost/a", ""] {
            assert_eq!(of(local), None, "{local}");
        }
    }

    #[test]
    fn the_commit_is_that_of_the_repository_that_tracks_the_app() {
        let dir = tempfile::tempdir().unwrap();
        let run = |arguments: &[&str]| {
            let mut git = Command::new("git");
            git.arg("-C").arg(dir.path()).args(["-c", "user.name=n", "-c", "user.email=e@x.example"]).args(arguments);
            git.env("GIT_COMMITTER_DATE", "1700000000 +0800").env("GIT_CONFIG_GLOBAL", "/dev/null");
            assert!(git.output().unwrap().status.success(), "{arguments:?}");
        };
        run(&["init", "--quiet"]);
        std::fs::write(dir.path().join("app.toml"), "a").unwrap();
        assert_eq!(Source::of(dir.path()), None, "not tracked");
        run(&["add", "app.toml"]);
        run(&["commit", "--quiet", "-m", "c"]);
        run(&["remote", "add", "origin", "https://li:secret@git.example/a.git"]);
        let source = Source::of(dir.path()).unwrap();
        assert_eq!(source.uri.as_deref(), Some("git+https://git.example/a.git"));
        assert_eq!((source.commit.len(), source.modified), (40, false));
        assert_eq!(source.at, Some(Timestamp(1_700_000_000_000)));
        std::fs::write(dir.path().join("app.toml"), "b").unwrap();
        assert!(Source::of(dir.path()).unwrap().modified);
    }
}
