//! The audit of a store, or of an export of it, without a running gateway.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Lines};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use bluegate_gateway::audit::export::page;
use bluegate_gateway::audit::reconcile;
use bluegate_gateway::audit::verify::{self, Head, Report};
use bluegate_gateway::base::ports::UnixMillis;
use bluegate_gateway::base::signature::PublicKey;
use futures::executor::block_on;
use serde_json::json;

use crate::args::{Database, Export, Verify};
use crate::environment::chain_keys;
use crate::output::{self, Answer};
use crate::store::Store;

/// The chain recomputed, in a store or in an export.
pub(crate) fn verify(options: &Verify) -> Result<Answer> {
    let keys = verifying_keys(options)?;
    let head = options.head.as_deref().map(head_of).transpose()?;
    let (report, complete) = match &options.file {
        Some(path) => verify_file(path, &keys, head)?,
        None => {
            let store = Store::open(&options.store.database)?;
            let report = block_on(verify::verify(&store, &keys, head));
            (report.context("the audit cannot be read")?, true)
        }
    };
    let good = report.is_whole() && complete;
    let json = json!({
        "whole": good,
        "links": report.links,
        "rows": report.rows,
        "unsealed": report.unsealed,
        "purged_to": report.purged_to,
        "broken": report.broken.as_ref().map(|broken| json!({ "link": broken.link, "reason": broken.reason })),
        "schema": report.schema,
        "has_head": complete,
        "public_keys": keys.iter().map(PublicKey::text).collect::<Vec<_>>(),
    });
    Ok(Answer::new(good, described(&report, complete)?, json))
}

/// Both layers against each other and against the tables.
pub(crate) fn reconcile(options: &Database) -> Result<Answer> {
    let store = Store::open(&options.database)?;
    let comparison =
        block_on(reconcile::reconcile(&store)).context("the audit cannot be compared")?;
    let findings: Vec<_> = comparison
        .findings
        .iter()
        .map(ToString::to_string)
        .collect();
    let mut text = String::new();
    for finding in &findings {
        writeln!(text, "{finding}")?;
    }
    writeln!(
        text,
        "{} changes, {} events of changes, {} rows; {} findings",
        comparison.changes,
        comparison.events,
        comparison.rows,
        findings.len()
    )?;
    let json = json!({
        "changes": comparison.changes,
        "events": comparison.events,
        "rows": comparison.rows,
        "findings": findings,
    });
    Ok(Answer::new(findings.is_empty(), text, json))
}

/// Everything after a link, page by page: never the whole audit in memory.
pub(crate) fn export(options: &Export) -> Result<Answer> {
    let (signer, _) = chain_keys(&options.sandbox)?;
    let store = Store::open(&options.store.database)?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("the clock stands before 1970")?;
    let now = UnixMillis(i64::try_from(now.as_millis())?);
    let mut after = options.after;
    loop {
        let page = block_on(page(&store, &signer, after, now))
            .context("the audit cannot be read")?
            .with_context(|| format!("there is no link {after}"))?;
        output::write(page.text.as_bytes())?;
        if !page.more {
            return Ok(Answer::written());
        }
        after = page.last;
    }
}

fn verifying_keys(options: &Verify) -> Result<Vec<PublicKey>> {
    if !options.public_keys.is_empty() {
        return Ok(options.public_keys.clone());
    }
    let (signer, former) = chain_keys(&options.sandbox)?;
    Ok(std::iter::once(signer.public()).chain(former).collect())
}

/// The report, and whether the export has its head: without one it may have been cut off.
fn verify_file(path: &Path, keys: &[PublicKey], head: Option<Head>) -> Result<(Report, bool)> {
    let mut file = verify::File::new(keys, head);
    for line in lines(path)? {
        file.line(&line.with_context(|| format!("{} cannot be read", path.display()))?);
    }
    let (report, ending) = file.finish();
    Ok((report, ending.is_some()))
}

fn head_of(path: &Path) -> Result<Head> {
    let mut last = None;
    for line in lines(path)? {
        last = Some(line.with_context(|| format!("{} cannot be read", path.display()))?);
    }
    last.and_then(|line| Head::parse(&line))
        .with_context(|| format!("{} does not end with the head of an export", path.display()))
}

fn lines(path: &Path) -> Result<Lines<BufReader<File>>> {
    let file = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
    Ok(BufReader::new(file).lines())
}

fn described(report: &Report, complete: bool) -> Result<String> {
    let mut text = format!("{} links, {} rows\n", report.links, report.rows);
    if report.unsealed > 0 {
        writeln!(text, "{} rows are in no link yet", report.unsealed)?;
    }
    if report.purged_to > 0 {
        writeln!(
            text,
            "the rows up to link {} were purged, says a signed anchor",
            report.purged_to
        )?;
    }
    for difference in &report.schema {
        writeln!(text, "schema: {difference}")?;
    }
    match &report.broken {
        Some(broken) => writeln!(text, "BROKEN at link {}: {}", broken.link, broken.reason)?,
        None if !report.schema.is_empty() => {
            writeln!(text, "the chain is whole, the schema is not")?
        }
        None if !complete => writeln!(
            text,
            "the chain is whole, but the export has no head: what came after is missing"
        )?,
        None => writeln!(text, "whole")?,
    }
    Ok(text)
}
