//! `yunlong-witness`: cosigns the checkpoints of audit logs. Run it elsewhere than the platform, by
//! somebody else.

use clap::{Parser, Subcommand};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;
use yunlong_verify::note::{KeyType, VKey};
use yunlong_witness::{Config, KeyFile, Witness, serve};

/// 审计日志的见证人 / A witness of audit logs (C2SP tlog-witness)
#[derive(Parser)]
#[command(name = "yunlong-witness", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// 生成密钥，输出公钥 / Makes a key, and prints its verifier key
    Keygen {
        /// 见证人名称，例如 witness.example/w1 / the witness's name, such as witness.example/w1
        #[arg(long)]
        name: String,
        /// 密钥文件（不覆盖已有文件）/ the key's file; one that is there is not written over
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// 输出公钥 / Prints the verifier key of a key's file
    Vkey {
        /// 密钥文件 / the key's file
        file: PathBuf,
    },
    /// 启动服务 / Serves
    Serve {
        /// 配置文件 / the configuration
        #[arg(long, value_name = "FILE", default_value = "witness.toml")]
        config: PathBuf,
    },
}

fn log_key(text: &str) -> Result<VKey, Box<dyn Error>> {
    let key = VKey::parse(text)?;
    match key.kind {
        KeyType::Ed25519 => Ok(key),
        KeyType::Cosignature => Err(format!("{text}: a log's key, of type 1, is wanted").into()),
    }
}

async fn run(config: Config) -> Result<(), Box<dyn Error>> {
    let logs: Result<Vec<VKey>, _> = config.logs.iter().map(|log| log_key(&log.vkey)).collect();
    let witness = Witness::open(KeyFile::read(&config.key_file)?, &config.state_folder, logs?)?;
    let listener = TcpListener::bind(config.listen).await?;
    tracing::info!(listen = %listener.local_addr()?, vkey = witness.vkey(), "the witness serves");
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    Ok(serve(listener, Arc::new(witness), stop).await?)
}

fn execute(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Keygen { name, out } => println!("{}", KeyFile::generate(&name, &out)?.vkey.text()),
        Command::Vkey { file } => println!("{}", KeyFile::read(&file)?.vkey.text()),
        Command::Serve { config } => {
            let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
            tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(run(Config::read(&config)?))?;
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    match execute(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("无法运行 / it cannot run: {error}");
            ExitCode::from(2)
        }
    }
}
