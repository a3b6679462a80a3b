//! The control socket in the data folder, over which `yunlong backup` gets a copy of a running
//! server's store. Whoever may open the folder may connect: nobody else than the server's own user.
//!
//! The client sends one line, `backup`. The server answers frames: a letter, a length of 32 bits, and
//! bytes. `F` begins a file by its name, `D` carries its bytes, `E` ends with the number of the commit,
//! `X` says what went wrong. After `E` the collectors of the registry and of apps' files stay away until the client closes the
//! connection: meanwhile it copies the blobs that the store names.

use anyhow::{Context, Result, bail};
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use yunlong_oci::Registry;
use yunlong_store::sled_engine::files::{Files, LogFile};
use yunlong_store::sled_engine::{Backup, SledStore};

/// A peer that neither reads nor writes for this long is given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// The largest frame.
const MAX_FRAME: usize = 1 << 20;
const BEGIN: u8 = b'F';
const DATA: u8 = b'D';
const END: u8 = b'E';
const FAILED: u8 = b'X';

/// Where the socket is.
pub(crate) fn socket(data: &Path) -> PathBuf {
    data.join("control.sock")
}

/// Serves the socket until `stop`; a registry that is alone has no files of apps. Where it cannot be made the server goes on without it.
pub(crate) async fn run(
    data: PathBuf,
    store: Arc<SledStore>,
    registry: Registry,
    uploaded: Option<Arc<yunlong_files::Files>>,
    stop: impl Future<Output = ()>,
) {
    let path = socket(&data);
    // Left by a process that was killed: the store's lock says that it is nobody's now.
    let _ = std::fs::remove_file(&path);
    let listener = match tokio::net::UnixListener::bind(&path) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "no control socket: a backup needs the server to be stopped (a path to a socket has at most 107 bytes)");
            return stop.await;
        }
    };
    let _ = std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600));
    let stopping = Arc::new(AtomicBool::new(false));
    let serving = async {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let (store, registry, stopping) = (store.clone(), registry.clone(), stopping.clone());
                    let uploaded = uploaded.clone();
                    // Not waited for at the end: a copy that is cut short has no manifest.
                    tokio::task::spawn_blocking(move || {
                        let stream = stream.into_std().map_err(anyhow::Error::from);
                        let answered = stream.and_then(|s| answer(s, store, &registry, uploaded.as_deref(), &stopping));
                        if let Err(error) = answered {
                            tracing::warn!(error = format!("{error:#}"), "a backup was cut short");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the control socket takes no connection");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    };
    tokio::select! { () = serving => {}, () = stop => {} }
    stopping.store(true, Ordering::Relaxed);
    let _ = std::fs::remove_file(&path);
}

fn answer(
    stream: UnixStream,
    store: Arc<SledStore>,
    registry: &Registry,
    uploaded: Option<&yunlong_files::Files>,
    stopping: &AtomicBool,
) -> Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(&stream).take(64).read_line(&mut line)?;
    let mut client = stream.try_clone()?;
    let wire = Wire(Arc::new(Mutex::new(stream)));
    if line.trim() != "backup" {
        return wire.send(FAILED, b"this socket knows `backup`").map_err(Into::into);
    }
    tracing::info!("a backup begins");
    // Before the first row is read: nothing that a row names goes from here on.
    let held = (registry.hold_collector(), uploaded.map(yunlong_files::Files::hold));
    match store.backup(&wire) {
        Ok(Backup { seq, .. }) => {
            tracing::info!(seq = seq.0, "a backup was handed over");
            // What is left to do needs no store, which must be free to close.
            drop(store);
            wire.send(END, seq.0.to_string().as_bytes())?;
        }
        Err(e) => {
            wire.send(FAILED, e.to_string().as_bytes())?;
            bail!(e);
        }
    }
    // The client copies blobs for as long as it takes. When it dies, the connection closes.
    client.set_read_timeout(Some(Duration::from_millis(100)))?;
    while client.read(&mut [0]).is_err_and(|e| matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)) {
        if stopping.load(Ordering::Relaxed) {
            bail!("the server stops while blobs are being copied");
        }
    }
    drop(held);
    Ok(())
}

/// Files that are sent over the socket.
struct Wire(Arc<Mutex<UnixStream>>);

impl Wire {
    fn send(&self, kind: u8, bytes: &[u8]) -> std::io::Result<()> {
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let length = u32::try_from(bytes.len()).map_err(|_| std::io::Error::from(std::io::ErrorKind::InvalidInput))?;
        let mut head = [0; 5];
        head[0] = kind;
        head[1..].copy_from_slice(&length.to_be_bytes());
        stream.write_all(&head)?;
        stream.write_all(bytes)
    }
}

struct WireFile(Wire);

impl LogFile for WireFile {
    fn append(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        bytes.chunks(MAX_FRAME).try_for_each(|chunk| self.0.send(DATA, chunk))
    }

    /// The receiver syncs.
    fn sync(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Files for Wire {
    fn create(&self, name: &str) -> std::io::Result<Box<dyn LogFile>> {
        self.send(BEGIN, name.as_bytes())?;
        Ok(Box::new(WireFile(Wire(self.0.clone()))))
    }

    fn open(&self, _: &str) -> std::io::Result<Box<dyn std::io::Read + Send>> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    fn list(&self) -> std::io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn rename(&self, _: &str, _: &str) -> std::io::Result<()> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    fn remove(&self, _: &str) -> std::io::Result<()> {
        Err(std::io::ErrorKind::Unsupported.into())
    }

    fn sync_dir(&self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Takes a copy of the running server's store into `to`; `None` when no server is there. As long as the
/// connection is open, the server removes no blob that the copied store names.
pub(super) fn fetch(data: &Path, to: &dyn Files) -> Result<Option<(u64, UnixStream)>> {
    let Ok(mut stream) = UnixStream::connect(socket(data)) else { return Ok(None) };
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"backup\n")?;
    let mut input = BufReader::new(stream);
    let mut file: Option<Box<dyn LogFile>> = None;
    loop {
        let mut head = [0; 5];
        input.read_exact(&mut head).context("the server broke off: the backup is not whole")?;
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        if length > MAX_FRAME {
            bail!("the server sent what is no backup");
        }
        let mut bytes = vec![0; length];
        input.read_exact(&mut bytes).context("the server broke off: the backup is not whole")?;
        let text = || String::from_utf8_lossy(&bytes).into_owned();
        match (head[0], &mut file) {
            (BEGIN, before) => {
                if let Some(mut done) = before.take() {
                    done.sync()?;
                }
                file = Some(to.create(&text())?);
            }
            (DATA, Some(file)) => file.append(&bytes)?,
            (END, file) => {
                if let Some(mut done) = file.take() {
                    done.sync()?;
                }
                to.sync_dir()?;
                let seq = text().parse().context("the server sent what is no backup")?;
                return Ok(Some((seq, input.into_inner())));
            }
            (FAILED, _) => bail!("the server cannot make a backup: {}", text()),
            _ => bail!("the server sent what is no backup"),
        }
    }
}
