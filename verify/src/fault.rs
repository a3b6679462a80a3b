//! What can be wrong with an export. The first fault is told, with its place.

use crate::note::NoteError;
use std::fmt;

/// The first fault of an export.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1 on.
    pub line: u64,
    /// The leaf, from 0 on, when it is one.
    pub index: Option<u64>,
    /// What is wrong.
    pub what: What,
}

/// What is wrong.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum What {
    /// The line is not what an export has there.
    #[error("这一行不是导出文件应有的内容：{0} / this line is not what an export has here: {0}")]
    Line(String),
    /// The file ends before the end of the export.
    #[error("文件不完整：缺少结尾 / the file is cut: the end is missing")]
    Cut,
    /// The line's bytes are not those that were exported.
    #[error("文件在导出后被改动：摘要不符 / the file was changed after the export: its digest differs")]
    Digest,
    /// The export is of another log.
    #[error("这不是所给公钥对应的日志（{0}）/ this is not the log of the given key ({0})")]
    OtherLog(String),
    /// A leaf is missing, doubled or out of order.
    #[error("记录顺序错误：应为第 {0} 条 / out of order: leaf {0} should stand here")]
    Order(u64),
    /// Two leaves are not in the order of their commits.
    #[error("记录不按提交顺序 / the leaf does not come after the one before it in the order of commits")]
    Position,
    /// The leaf is not there.
    #[error("记录缺失 / the leaf is missing")]
    NoLeaf,
    /// The leaf is not what its hash is of.
    #[error("记录被改动：与树中的哈希不符 / the leaf was changed: it does not have its hash in the tree")]
    Hash,
    /// The leaf has another form than leaves have.
    #[error("记录格式错误 / the leaf is not written as leaves are")]
    Form,
    /// The payload is not what the leaf commits to.
    #[error("内容被改动：与记录的承诺不符 / the payload was changed: it is not the one that the leaf commits to")]
    Payload,
    /// The payload is not there, and nothing excuses it.
    #[error("内容缺失，且没有删除或到期记录 / the payload is missing, and no erasure or expiry tells it")]
    Missing,
    /// What is given as the excuse does not cover the leaf.
    #[error("第 {0} 条不是可以解释此内容缺失的删除或到期记录 / leaf {0} is no erasure or expiry that excuses this")]
    Excuse(u64),
    /// A leaf that there is already: somebody put its row in once more.
    #[error("与第 {0} 条重复：同一条记录被写入两次 / it is the leaf {0} once more: its row was put in a second time")]
    Duplicate(u64),
    /// The payload is there, and its key is not.
    #[error("内容无法解密，且没有删除记录 / the payload cannot be opened, and no erasure tells it")]
    Unreadable,
    /// An erasure is told, and the payload still opens.
    #[error("删除记录已写入，内容却仍可打开 / its erasure is told, and the payload still opens")]
    NotErased,
    /// A leaf of an expiry names what it cannot name.
    #[error("到期记录的范围不成立 / the range of this expiry cannot be")]
    Expiry,
    /// An expiry let payloads go that were too young.
    #[error(
        "到期记录删除了未满 {0} 天的内容（保存期不同时用 --retention-days 指定）/ this expiry let payloads go that were younger than {0} days (give --retention-days when another retention was announced)"
    )]
    TooYoung(u32),
    /// A tile is not what the leaves give.
    #[error("第 {level} 层第 {n} 块与记录不符 / the tile {n} of level {level} does not fit the leaves")]
    Tile {
        /// The level.
        level: u8,
        /// The number.
        n: u64,
    },
    /// A checkpoint stands where it cannot.
    #[error(
        "检查点应为 {expected} 条记录之处，却为 {found} 条 / a checkpoint of {found} leaves stands behind {expected}"
    )]
    CheckpointPlace {
        /// Leaves so far.
        expected: u64,
        /// The checkpoint's size.
        found: u64,
    },
    /// A checkpoint is gone.
    #[error(
        "缺少一个检查点：前一个应为 {stated}，实为 {found} / a checkpoint is missing: the one before should be of {stated} leaves, and is of {found}"
    )]
    CheckpointMissing {
        /// What the checkpoint says.
        stated: u64,
        /// What the export has.
        found: u64,
    },
    /// A checkpoint is none, or is not signed.
    #[error("检查点无效：{0} / the checkpoint is not valid: {0}")]
    Checkpoint(NoteError),
    /// The root is another.
    #[error(
        "前 {size} 条记录的根与签名的不符：第 {since} 条起有改动 / the first {size} leaves do not have the root that was signed: something from leaf {since} on was changed"
    )]
    Root {
        /// The checkpoint's size.
        size: u64,
        /// The leaves before were covered by a checkpoint that fits.
        since: u64,
    },
    /// The root is not that of a checkpoint that was given.
    #[error(
        "前 {0} 条记录的根与所给检查点的不符：日志被改写 / the first {0} leaves do not have the root of the given checkpoint: the log was rewritten"
    )]
    Rewritten(u64),
    /// The log is shorter than a checkpoint that was given.
    #[error(
        "所给检查点有 {given} 条记录，导出只有 {size} 条：末尾被截去 / the given checkpoint has {given} leaves, and the export {size}: the tail was cut off"
    )]
    Shorter {
        /// The given size.
        given: u64,
        /// What there is.
        size: u64,
    },
    /// The newest leaves are not signed.
    #[error(
        "最后的检查点只到 {0} 条，其后的记录未签名 / the last checkpoint covers {0} leaves, and those behind are not signed"
    )]
    Unsigned(u64),
    /// A number in the header is another.
    #[error("开头所写的{0}与实际不符 / the header's count of {0} is not what the leaves show")]
    Count(&'static str),
    /// Not enough witnesses.
    #[error(
        "见证人不足：需要 {wanted} 个共同签名，最多 {found} 个 / too few witnesses: {wanted} cosignatures are wanted, and no checkpoint has more than {found}"
    )]
    Quorum {
        /// What was wanted.
        wanted: usize,
        /// The most that one checkpoint has.
        found: usize,
    },
    /// The newest leaves are not witnessed.
    #[error(
        "见证只到第 {covered} 条（共 {size} 条，见证时间 {at}）：其后的记录过多或过晚，可能已被改写 / the newest checkpoint with enough cosignatures, of {at}, covers {covered} of {size} leaves: those behind it are more, or later, than is allowed, and may have been rewritten (--within, --within-minutes)"
    )]
    Unwitnessed {
        /// Leaves under the newest checkpoint that a quorum cosigned.
        covered: u64,
        /// Leaves.
        size: u64,
        /// When it was cosigned.
        at: String,
    },
    /// The host found something in its store that it does not account for.
    #[error("存储中有不符之处（{key}）：{what} / something in the store does not fit ({key}): {what}")]
    Damage {
        /// The row's key.
        key: String,
        /// What is wrong with it.
        what: String,
    },
    /// The file cannot be read.
    #[error("无法读取：{0} / it cannot be read: {0}")]
    Io(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = self.line;
        match self.index {
            Some(index) => write!(f, "第 {line} 行，记录 {index} / line {line}, leaf {index}: {}", self.what),
            None => write!(f, "第 {line} 行 / line {line}: {}", self.what),
        }
    }
}
