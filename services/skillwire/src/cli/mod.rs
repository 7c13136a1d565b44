//! The command line.

mod console;
mod data;
mod dead_letters;
mod demo;
mod doctor;
mod extract;
mod offline;
mod post;
mod renormalize;
mod run;
mod submit;
mod summary;
mod taxonomy;
mod taxonomy_db;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use skillwire_runtime::config;

use crate::settings::Settings;

const AFTER: &str = "Examples:
  skillwire run --target all                       the whole system in one process
  skillwire submit needs.csv --token sw_...        send a file, errors by row
  echo 'CNC machinist' | skillwire normalize --kind occupation
  skillwire signals --partnership 'Kansas City' --format csv
  skillwire doctor                                 what is wrong, and the remedy

Exit codes: 0 done; 1 failed, the reason is on standard error; 2 wrong arguments;
  3 done in part: some rows or files were rejected; 4 a check failed (doctor, schemas --check, demo summary).
  `skillwire bounce` ends as mail servers expect it (sysexits): 0 taken, 65 no mail, 75 keep it and come again.";

/// The wire service for workforce demand.
#[derive(Debug, Parser)]
#[command(name = "skillwire", version, about, after_help = AFTER, max_term_width = 110)]
struct Cli {
    /// Settings file; see deploy/skillwire.toml. SKILLWIRE_<SECTION>_<KEY> in the environment wins over it.
    #[arg(long, global = true, env = "SKILLWIRE_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run one, some or all services until told to stop.
    Run {
        /// all, or some of directory, intake, normalize, aggregate, route, deliver.
        #[arg(long, value_delimiter = ',', default_value = "all")]
        target: Vec<String>,
        /// Bring the schemas of these targets up to date first.
        #[arg(long)]
        migrate: bool,
    },
    /// Bring the database up to date.
    Migrate,
    /// Send files with needs to a running Skillwire. Sent again, a file is taken once.
    #[command(
        after_help = "Example: skillwire submit plant-a.csv plant-b.xlsx --url https://wire.example --token sw_...\n\nA large CSV is sent in parts; after a break the same command goes on where it was."
    )]
    Submit(submit::Submit),
    /// One phrase a line in, one JSON object a line out. Needs no database.
    #[command(
        after_help = "Example: printf 'RN nights\\nfork lift\\n' | skillwire normalize --kind occupation --top 3\n         echo 'Jackson Co. Missouri' | skillwire normalize --kind place"
    )]
    Normalize {
        /// What is looked for.
        #[arg(long)]
        kind: Kind,
        /// Folder with a taxonomy, imported or in the starter's format; may be given several times. The starter when absent.
        #[arg(long)]
        taxonomy: Vec<PathBuf>,
        /// Matches a line at most.
        #[arg(long, default_value_t = 5)]
        top: usize,
    },
    /// What the taxonomy holds; imports of published ones.
    #[command(
        after_help = "Example: skillwire taxonomy import onet db_29_0_text.zip --dry-run\n\nWith --out DIR the taxonomy becomes a folder and no database is needed."
    )]
    Taxonomy(taxonomy::Taxonomy),
    /// Running text in (a line each, or one file), the concepts that it speaks of out, as JSON. Needs no database.
    #[command(
        after_help = "Example: echo 'Must weld MIG and TIG, forklift license a plus' | skillwire extract --top 3\n         skillwire extract --file posting.docx --taxonomy esco/"
    )]
    Extract(extract::Extract),
    /// Signals of a partnership, as a table, CSV or JSON.
    Signals(data::Signals),
    /// Read all statements of a partnership again, after the taxonomy has changed. After a decision this happens by itself.
    #[command(
        after_help = "Example: skillwire renormalize --status   (how far the past is read again after decisions)"
    )]
    Renormalize(renormalize::Renormalize),
    /// Publish events and feed messages again, with the same ids, from PostgreSQL.
    #[command(after_help = "Example: skillwire replay --since 2026-11-01   (after JetStream was lost)")]
    Replay {
        /// A day (2026-11-24) or a moment (2026-11-24T08:00:00Z).
        #[arg(long)]
        since: String,
    },
    /// Events that a stage could not take, of all services: look at them, publish them again, drop them.
    #[command(
        after_help = "Example: skillwire dead-letters list --state dead\n         skillwire dead-letters replay aggregate/12"
    )]
    DeadLetters(dead_letters::DeadLetters),
    /// The public key that stands as `issuer` in the configuration of nats-server (deploy/nats.conf).
    #[command(after_help = "It follows from secret.key: another key, another issuer. Needs no database and no NATS.")]
    NatsIssuer,
    /// Take one mail that came back (standard input): a pipe of the mail server.
    #[command(
        after_help = "Example, in Postfix's master.cf:\n  skillwire unix - n n - 4 pipe\n    flags=DRXhu user=skillwire argv=/usr/bin/skillwire --config /etc/skillwire.toml bounce --recipient ${recipient}\n\nExit codes: 0 taken, or nothing to take; 65 no mail that can be read; 75 keep it and come again."
    )]
    Bounce(post::Bounce),
    /// Make a key for signing mails (DKIM), and print its DNS record. Needs no database.
    #[command(after_help = "Example: skillwire dkim-key --out /etc/skillwire/dkim.pem   (then set deliver.dkim_*)")]
    DkimKey(post::DkimKey),
    /// The DNS record that goes with the settings deliver.dkim_*. Needs no database.
    DkimRecord,
    /// Check database, NATS, mail, clocks and disk, and say the remedy.
    Doctor,
    /// Write the generated files (schemas, documents, settings file), or check that they are current.
    Schemas {
        /// Only check; exit code 4 when one differs.
        #[arg(long)]
        check: bool,
        /// Root of the project.
        #[arg(long, default_value = ".")]
        root: PathBuf,
    },
    /// The development mail catcher: a real SMTP server that keeps and shows what it takes.
    MailCatcher {
        /// Where SMTP listens.
        #[arg(long, default_value = "127.0.0.1:2525")]
        smtp: std::net::SocketAddr,
        /// Where the viewer listens.
        #[arg(long, default_value = "127.0.0.1:8025")]
        http: std::net::SocketAddr,
        /// Where mails are kept.
        #[arg(long)]
        dir: PathBuf,
    },
    /// The demonstration partnerships.
    #[command(subcommand)]
    Demo(Demo),
    /// Completions for a shell.
    Completions {
        /// Which.
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
enum Demo {
    /// Write partnerships, people and subscriptions, and send the submissions to a running Skillwire.
    Load {
        /// The input.
        #[arg(long, default_value = "deploy/demo")]
        dir: PathBuf,
        /// Where Skillwire runs.
        #[arg(long)]
        url: String,
    },
    /// Sign-in links, one for each role; each works once.
    Links {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// An API token for one of its people, for a day.
    Token {
        /// Their mail address.
        #[arg(long)]
        address: String,
    },
    /// Wait until everything is through, show what became of it, and check it against what the input must give.
    Summary {
        /// What the input must give.
        #[arg(long)]
        expect: Option<PathBuf>,
        /// Longest wait, seconds.
        #[arg(long, default_value_t = 120)]
        wait_s: u64,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// Jobs.
    Occupation,
    /// Skills, knowledge, technologies.
    Skill,
    /// Licenses and certificates.
    Credential,
    /// Industries: NAICS 2022, by code and name.
    Industry,
    /// Counties and what stands for them: FIPS, by code and name.
    Place,
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Done.
    Well,
    /// Done in part.
    InPart,
    /// A check failed.
    CheckFailed,
    /// What was given is nothing that can be read (EX_DATAERR of sysexits).
    BadData,
    /// It may do well later (EX_TEMPFAIL of sysexits).
    Later,
}

/// Runs the command that the arguments name.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match dispatch(cli) {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::InPart) => ExitCode::from(3),
        Ok(Ended::CheckFailed) => ExitCode::from(4),
        Ok(Ended::BadData) => ExitCode::from(65),
        Ok(Ended::Later) => ExitCode::from(75),
        Err(error) => {
            console::error(&format!("skillwire: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(cli: Cli) -> Result<Ended> {
    let file = cli.config;
    let settings = || config::load::<Settings>(file.as_deref());
    match cli.command {
        Command::Normalize { kind, taxonomy, top } => offline::normalize(kind, &taxonomy, top),
        Command::Taxonomy(taxonomy) => taxonomy.run(settings),
        Command::Extract(extract) => extract.run(),
        Command::Schemas { check, root } => offline::schemas(check, &root),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "skillwire", &mut script);
            console::line(String::from_utf8_lossy(&script).trim_end());
            Ok(Ended::Well)
        }
        Command::Run { target, migrate } => run::block_on(run::run(settings()?, target, migrate)),
        Command::Migrate => run::block_on(run::migrate(settings()?)),
        Command::Submit(submit) => run::block_on(submit.run()),
        Command::Signals(signals) => run::block_on(signals.run(settings()?)),
        Command::Renormalize(renormalize) => run::block_on(renormalize.run(settings()?)),
        Command::Replay { since } => run::block_on(data::replay(settings()?, since)),
        Command::DeadLetters(letters) => run::block_on(letters.run(settings()?)),
        Command::NatsIssuer => offline::nats_issuer(&settings()?),
        Command::Bounce(bounce) => Ok(bounce.run(settings())),
        Command::DkimKey(key) => key.run(),
        Command::DkimRecord => post::dkim_record(&settings()?),
        Command::Doctor => run::block_on(doctor::run(settings()?)),
        Command::MailCatcher { smtp, http, dir } => run::block_on(run::mail_catcher(settings()?, smtp, http, dir)),
        Command::Demo(Demo::Load { dir, url }) => run::block_on(demo::load(settings()?, dir, url)),
        Command::Demo(Demo::Links { json }) => run::block_on(demo::links(settings()?, json)),
        Command::Demo(Demo::Token { address }) => run::block_on(demo::token(settings()?, address)),
        Command::Demo(Demo::Summary { expect, wait_s }) => run::block_on(summary::run(settings()?, expect, wait_s)),
    }
}
