//! New checkpoints are offered to the witnesses (C2SP tlog-witness), and their cosignatures kept.

use crate::error::AuditError;
use crate::note::WitnessKey;
use crate::progress::WitnessStatus;
use crate::sequence::wait;
use crate::{Audit, keys};
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::watch;
use ureq::Agent;
use yunlong_store::transact;

/// The longest answer that is read: a few signature lines.
const LARGEST: u64 = 64 * 1024;
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest pause after failures.
const LONGEST: Duration = Duration::from_secs(300);

/// What a witness answered.
enum Answer {
    /// It cosigned.
    Cosigned,
    /// It is not there, or does not know this log yet: try again later.
    Later(String),
    /// It says that the log does not continue what it cosigned.
    Refused(String),
}

impl Audit {
    /// How it stands with each witness.
    #[must_use]
    pub fn witnesses(&self) -> Vec<WitnessStatus> {
        let status = |name: &String| self.inner.progress.witness(name, |s| s.clone());
        self.inner.witnesses.iter().map(|(key, _)| status(&key.name)).collect()
    }

    /// Offers the newest checkpoint to every witness that has not cosigned it, once.
    ///
    /// # Errors
    /// When the store fails. What witnesses say is in [`Audit::witnesses`].
    pub async fn offer_once(&self) -> Result<(), AuditError> {
        let agent = agent();
        for (key, url) in &self.inner.witnesses {
            self.offer(&agent, key, url).await?;
        }
        Ok(())
    }

    pub(crate) async fn offering(&self, mut stop: watch::Receiver<bool>) {
        if self.inner.witnesses.is_empty() {
            return;
        }
        let agent = agent();
        let mut failures: BTreeMap<&str, u32> = BTreeMap::new();
        let mut due: BTreeMap<&str, tokio::time::Instant> = BTreeMap::new();
        while !wait(&mut stop, tokio::time::sleep(self.inner.config.offer_every)).await {
            for (key, url) in &self.inner.witnesses {
                let now = tokio::time::Instant::now();
                if due.get(key.name.as_str()).is_some_and(|at| *at > now) {
                    continue;
                }
                let failed = match self.offer(&agent, key, url).await {
                    Ok(cosigned) => !cosigned,
                    Err(error) => {
                        tracing::warn!(witness = key.name, %error, "a checkpoint was not offered");
                        true
                    }
                };
                let count = failures.entry(&key.name).or_default();
                *count = if failed { count.saturating_add(1) } else { 0 };
                let pause = self.inner.config.offer_every.saturating_mul(1 << (*count).min(10)).min(LONGEST);
                due.insert(&key.name, if failed { now + pause } else { now });
            }
        }
    }

    /// Answers whether the witness has cosigned the newest checkpoint.
    async fn offer(&self, agent: &Agent, key: &WitnessKey, url: &str) -> Result<bool, AuditError> {
        let size = self.inner.state().await?.checkpoint;
        let progress = &self.inner.progress;
        let known = progress.witness(&key.name, |s| s.cosigned);
        if size == 0 || known == size {
            return Ok(true);
        }
        let answer = self.ask(agent, key, url, known.min(size), size).await?;
        Ok(match answer {
            Answer::Cosigned => {
                progress.witness(&key.name, |s| (s.cosigned, s.refusal) = (size, None));
                true
            }
            Answer::Later(why) => {
                tracing::warn!(witness = key.name, size, why, "a checkpoint was not cosigned yet");
                false
            }
            Answer::Refused(why) => {
                tracing::error!(
                    witness = key.name,
                    size,
                    why,
                    "a witness holds that the audit log does not continue what it cosigned: it was changed, or an \
                     older copy of the store is running"
                );
                progress.witness(&key.name, |s| (s.refusal, s.refusals) = (Some(why), s.refusals + 1));
                false
            }
        })
    }

    /// Offers the checkpoint of `size`, as the continuation of `old` and then, when the witness knows
    /// another size, of that.
    async fn ask(&self, agent: &Agent, key: &WitnessKey, url: &str, old: u64, size: u64) -> Result<Answer, AuditError> {
        let (_, note) = self.inner.checkpoint(size).await?;
        let own = own_part(&note);
        let mut old = old;
        for _ in 0..2 {
            let proof = self.consistency_proof(old, size).await?.proof;
            let lines: String = proof.iter().map(|hash| format!("{hash}\n")).collect();
            let body = format!("old {old}\n{lines}\n{own}");
            match post(agent, format!("{}/add-checkpoint", url.trim_end_matches('/')), body).await {
                Err(why) => return Ok(Answer::Later(why)),
                Ok((200, lines)) => {
                    return match key.cosignature(&own, &lines) {
                        Some(line) => self.keep(key, size, &line).await.map(|()| Answer::Cosigned),
                        None => Ok(Answer::Later("it answered no cosignature that holds".into())),
                    };
                }
                Ok((409, known)) => match known.trim_end().parse::<u64>() {
                    Ok(known) if known > size => {
                        return Ok(Answer::Refused(format!("it has cosigned {known} leaves, and the log has {size}")));
                    }
                    Ok(known) => old = known,
                    Err(_) => return Ok(Answer::Later("it answered 409 without a size".into())),
                },
                Ok((422, why)) => {
                    return Ok(Answer::Refused(format!(
                        "the {size} leaves do not continue the {old} that it cosigned: {}",
                        why.trim()
                    )));
                }
                Ok((status, why)) => return Ok(Answer::Later(format!("it answered {status}: {}", why.trim()))),
            }
        }
        Ok(Answer::Later("its size changed while it was asked".into()))
    }

    /// Adds a cosignature to a checkpoint, in place of an older one of the same witness.
    async fn keep(&self, key: &WitnessKey, size: u64, line: &str) -> Result<(), AuditError> {
        let row = keys::checkpoint(size);
        let start = format!("— {} ", key.name);
        transact!(&self.inner.store, |txn| {
            let Some(found) = txn.get(&row).await? else { return Ok(()) };
            let (previous, note) = self.inner.read_checkpoint(size, &found)?;
            let kept: String = note.split_inclusive('\n').filter(|l| !l.starts_with(&start)).collect();
            txn.put(row.clone(), self.inner.checkpoint_row(size, previous, &format!("{kept}{line}")));
            Ok::<_, AuditError>(())
        })
    }
}

/// A note with its first signature, the log's own, alone.
fn own_part(note: &str) -> String {
    let end = note.find("\n\n— ").and_then(|at| note[at + 2..].find('\n').map(|line| at + 3 + line));
    note[..end.unwrap_or(note.len())].to_owned()
}

fn agent() -> Agent {
    let config = Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .user_agent(concat!("yunlong/", env!("CARGO_PKG_VERSION")))
        .http_status_as_error(false)
        .max_redirects(0)
        .build();
    config.into()
}

/// Status and text of the answer.
async fn post(agent: &Agent, url: String, body: String) -> Result<(u16, String), String> {
    let agent = agent.clone();
    let answer = tokio::task::spawn_blocking(move || {
        let response = agent.post(&url).content_type("text/plain; charset=utf-8").send(body);
        let mut response = response.map_err(|e| e.to_string())?;
        let status = response.status().as_u16();
        let text = response.body_mut().with_config().limit(LARGEST).read_to_string().map_err(|e| e.to_string())?;
        Ok((status, text))
    });
    answer.await.map_err(|e| e.to_string())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn witnesses_see_the_log_s_own_signature_alone() {
        let own = "o\n1\nAAAA\n\n— o sig\n";
        assert_eq!(own_part(&format!("{own}— w cosig\n")), own);
        assert_eq!(own_part(own), own);
    }
}
