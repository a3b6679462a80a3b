//! `yunlong-verify`: checks an exported audit log, or a single proof, against the log's key.
//!
//! Exit status: 0 when everything holds, 1 when there is a fault, 2 when it could not be checked.

use clap::{Args, Parser, Subcommand};
use data_encoding::BASE64;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};
use yunlong_verify::log::{Expectations, verify};
use yunlong_verify::note::{Checkpoint, KeyType, Note, VKey, distinct};
use yunlong_verify::proof::{Trust, consistency, inclusion};
use yunlong_verify::publication::publication;
use yunlong_verify::time;

/// 核验云龙审计日志 / Checks the audit log of a Yunlong platform
#[derive(Parser)]
#[command(name = "yunlong-verify", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// 核验整个导出文件，指出第一处不符 / Checks a whole export and names its first fault
    Log {
        /// 导出文件（JSON Lines）/ the export (JSON Lines)
        export: PathBuf,
        #[command(flatten)]
        trust: TrustArgs,
        /// 最新见证检查点之后最多允许多少条记录 / how many leaves may stand behind the newest checkpoint that the witnesses cosigned
        #[arg(long, value_name = "N")]
        within: Option<u64>,
        /// 其后的记录最多比见证时间晚多少分钟 / how many minutes later than its cosignatures those may be
        #[arg(long, value_name = "MINUTES", default_value_t = 60)]
        within_minutes: u64,
        /// 内容的最短保存天数：更早的“到期”是错误 / the retention in days: an earlier expiry is a fault
        #[arg(long, value_name = "DAYS", default_value_t = 1_096)]
        retention_days: u32,
    },
    /// 核验一条记录在日志中 / Checks that a record is in the log
    Inclusion {
        /// 证明文件（JSON）/ the proof (JSON)
        proof: PathBuf,
        #[command(flatten)]
        trust: TrustArgs,
    },
    /// 核验日志只增不改 / Checks that a log continues its earlier state
    Consistency {
        /// 证明文件（JSON）/ the proof (JSON)
        proof: PathBuf,
        #[command(flatten)]
        trust: TrustArgs,
    },
    /// 核验软件包已发布、已通过审核、未下架 / Checks that a package was published, approved and not yanked
    Publication {
        /// 证明文件（JSON）/ the proof (JSON)
        proof: PathBuf,
        /// 所问安装包的摘要 sha256:…：别的安装包的证明不算 / the digest of the package that is asked about: the proof of another one does not count
        #[arg(long, value_name = "SHA256")]
        digest: String,
        /// “未下架”的证明最多可以是几小时之前的：日志每小时重申一次 / how many hours ago the log may last have said that it is not yanked; it says so anew each hour
        #[arg(long, value_name = "HOURS", default_value_t = 6)]
        max_age: u32,
        #[command(flatten)]
        trust: TrustArgs,
    },
}

#[derive(Args)]
struct TrustArgs {
    /// 日志公钥 / the log's verifier key
    #[arg(long, value_name = "VKEY", visible_alias = "vkey")]
    key: String,
    /// 另行保存的检查点文件，可多次给出 / a checkpoint that was kept elsewhere; may be given several times
    #[arg(long = "checkpoint", value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
    /// 见证人公钥，可多次给出 / a witness's verifier key; may be given several times
    #[arg(long = "witness", value_name = "VKEY")]
    witnesses: Vec<String>,
    /// 至少需要多少个见证人共同签名，默认为全部 / how many witnesses must have cosigned one checkpoint; by default all that are given
    #[arg(long, value_name = "N")]
    quorum: Option<usize>,
}

/// Not a fault of the log: it could not be checked.
struct Unusable(String);

impl<E: std::fmt::Display> From<E> for Unusable {
    fn from(e: E) -> Self {
        Self(e.to_string())
    }
}

impl TrustArgs {
    fn read(&self) -> Result<Trust, Unusable> {
        let key = parsed(&self.key, KeyType::Ed25519)?;
        let read = |file: &PathBuf| {
            let text = read_file(file)?;
            let text = String::from_utf8(text).map_err(|e| Unusable(format!("{}: {e}", file.display())))?;
            let checkpoint = Note::parse(&text).and_then(|note| note.checkpoint(&key));
            checkpoint.map_err(|e| Unusable(format!("{}: {e}", file.display())))
        };
        let checkpoints: Result<Vec<Checkpoint>, Unusable> = self.checkpoints.iter().map(read).collect();
        let witnesses: Result<Vec<VKey>, Unusable> =
            self.witnesses.iter().map(|w| parsed(w, KeyType::Cosignature)).collect();
        // Under two names it is still one witness.
        let witnesses = distinct(&witnesses?);
        let quorum = self.quorum.unwrap_or(witnesses.len());
        Ok(Trust { checkpoints: checkpoints?, witnesses, quorum, key })
    }
}

fn parsed(text: &str, kind: KeyType) -> Result<VKey, Unusable> {
    let key = VKey::parse(text)?;
    if key.kind != kind {
        let (zh, en) = match kind {
            KeyType::Ed25519 => ("需要日志公钥（类型 1）", "a log's key, of type 1, is wanted"),
            KeyType::Cosignature => ("需要见证人公钥（类型 4）", "a witness's key, of type 4, is wanted"),
        };
        return Err(Unusable(format!("{zh} / {en}: {text}")));
    }
    Ok(key)
}

fn read_file(file: &Path) -> Result<Vec<u8>, Unusable> {
    std::fs::read(file).map_err(|e| Unusable(format!("{}: {e}", file.display())))
}

/// The text when everything holds; the fault when not.
fn run(command: Command) -> Result<Result<String, String>, Unusable> {
    match command {
        Command::Log { export, trust, within, within_minutes, retention_days } => {
            let Trust { key, witnesses, quorum, checkpoints } = trust.read()?;
            let expected = Expectations { key, witnesses, quorum, within, within_minutes, retention_days, checkpoints };
            let file = File::open(&export).map_err(|e| Unusable(format!("{}: {e}", export.display())))?;
            let report = verify(&mut BufReader::with_capacity(1 << 20, file), &expected);
            Ok(report.map_err(|fault| fault.to_string()).map(|r| {
                let at = r.witnessed_at.map(|at| format!(" ({})", time::text(at))).unwrap_or_default();
                format!(
                    "记录 {0}，检查点 {1}，见证至 {2}{6}，已删除或到期 {3}，隐藏 {4}，根 {5} / \
                     leaves {0}, checkpoints {1}, witnessed up to {2}{6}, erased or expired {3}, hidden {4}, root {5}",
                    r.leaves,
                    r.checkpoints,
                    r.witnessed,
                    r.gone,
                    r.hidden,
                    BASE64.encode(&r.root),
                    at
                )
            }))
        }
        Command::Inclusion { proof, trust } => {
            let included = inclusion(&read_file(&proof)?, &trust.read()?);
            Ok(included.map_err(|e| e.to_string()).map(|i| {
                let record = i.record.map(|r| format!("\n{r}")).unwrap_or_default();
                format!("记录 {0} 在 {1} 条中 / leaf {0} of {1}\n{2}{record}", i.index, i.size, i.leaf)
            }))
        }
        Command::Consistency { proof, trust } => {
            let shown = consistency(&read_file(&proof)?, &trust.read()?);
            let text = |(from, to)| format!("{to} 条延续 {from} 条 / {to} leaves continue {from}");
            Ok(shown.map(text).map_err(|e| e.to_string()))
        }
        Command::Publication { proof, digest, max_age, trust } => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis();
            let now = i64::try_from(now)?;
            let shown = publication(&read_file(&proof)?, &trust.read()?);
            let shown = shown.and_then(|p| {
                p.about(&digest)?;
                p.fresh(now, i64::from(max_age) * 3_600_000)?;
                Ok(p)
            });
            Ok(shown.map_err(|e| e.to_string()).map(|p| {
                let [published, approved, standing] =
                    [p.published_at, p.approved_at, p.standing_at].map(|ms| time::text(ms.unsigned_abs() / 1_000));
                format!(
                    "{} {} {}\n\
                     发布 {published}（{}，密钥 {}）；通过 {approved}（{}，{}）；至 {standing} 未下架；检查点 {} 条 / \
                     published {published} by {3} (key {4}), approved {approved} by {5} of {6}, \
                     not yanked as of {standing}, checkpoint of {7} leaves",
                    p.app, p.version, p.digest, p.vendor, p.key, p.reviewer, p.reviewer_organization, p.size,
                )
            }))
        }
    }
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(Ok(text)) => {
            println!("ok {text}");
            ExitCode::SUCCESS
        }
        Ok(Err(fault)) => {
            println!("FAULT {fault}");
            ExitCode::from(1)
        }
        Err(Unusable(why)) => {
            eprintln!("无法核验 / cannot be checked: {why}");
            ExitCode::from(2)
        }
    }
}
