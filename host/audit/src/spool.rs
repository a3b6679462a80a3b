//! Exports for somebody far away: gathered into a file without a name, and handed out from there. What
//! must not go while an export reads it waits for the disk, never for whoever downloads.

use crate::error::AuditError;
use crate::{Audit, ExportOptions, Exported};
use std::fs::File;
use std::io::{self, BufWriter, Seek as _, Write};

/// A file that takes so many bytes and no more.
struct Bounded {
    file: File,
    left: u64,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len() as u64;
        if length > self.left {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than an export may be here"));
        }
        let written = self.file.write(bytes)?;
        self.left -= written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Audit {
    /// As [`Audit::export`], into a file that no name leads to and that goes when it is closed. It stands
    /// at its beginning.
    ///
    /// # Errors
    /// As [`Audit::export`]; [`AuditError::Exporting`] while another one is gathered.
    pub async fn gather(&self, options: ExportOptions) -> Result<(File, Exported), AuditError> {
        let _one = self.inner.gathering.try_lock().map_err(|_| AuditError::Exporting)?;
        let failed = |e: io::Error| AuditError::Write(e.to_string());
        let (me, runtime) = (self.clone(), tokio::runtime::Handle::current());
        // The disk is waited for, which no thread that answers requests may do.
        let gathered = tokio::task::spawn_blocking(move || {
            let config = &me.inner.config;
            let file = match &config.spool {
                Some(folder) => tempfile::tempfile_in(folder),
                None => tempfile::tempfile(),
            };
            let bounded = Bounded { file: file.map_err(failed)?, left: config.spool_bytes };
            let mut out = BufWriter::with_capacity(256 << 10, bounded);
            let exported = runtime.block_on(me.export(&mut out, options))?;
            let mut file = out.into_inner().map_err(|e| failed(e.into_error()))?.file;
            file.rewind().map_err(failed)?;
            Ok((file, exported))
        });
        gathered.await.map_err(|e| AuditError::Write(e.to_string()))?
    }
}
