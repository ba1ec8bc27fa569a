//! What a demo prints in the end.

use crate::exit::Failure;
use crate::figures::Figures;
use crate::output;
use crate::tool::summary;
use mentat_core::store::{Search, Store, Top};
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

pub(super) struct Report<'a> {
    pub(super) figures: Figures,
    pub(super) elapsed: Duration,
    /// Whether everything fed has come to its end.
    pub(super) drained: bool,
    pub(super) restarts: u32,
    /// Messages of the whole input.
    pub(super) input: u64,
    /// The tree, as the user named it.
    pub(super) tree: &'a Path,
}

#[derive(Serialize)]
struct Json<'a> {
    #[serde(flatten)]
    figures: &'a Figures,
    input: u64,
    complete: bool,
    adds_up: bool,
    daemon_restarts: u32,
    elapsed_s: f64,
    events_per_s: f64,
    dir: &'a Path,
}

impl Report<'_> {
    fn rate(&self) -> f64 {
        // Figures of a demo are far below the 53 bits that are exact.
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let read = self.figures.read as f64;
        read / self.elapsed.as_secs_f64().max(0.001)
    }

    pub(super) fn json(&self) -> Result<(), Failure> {
        output::json(&Json {
            figures: &self.figures,
            input: self.input,
            complete: self.drained,
            adds_up: self.figures.add_up(),
            daemon_restarts: self.restarts,
            elapsed_s: (self.elapsed.as_secs_f64() * 1000.0).round() / 1000.0,
            events_per_s: self.rate().round(),
            dir: self.tree,
        })
    }

    pub(super) async fn text(&self, store: &Store) -> Result<(), Failure> {
        let figures = &self.figures;
        output::line("")?;
        output::line(format_args!("read       {:>8}", figures.read))?;
        if figures.copied > 0 {
            output::line(format_args!("copied     {:>8}", figures.copied))?;
        }
        output::line(format_args!("stored     {:>8}", figures.stored))?;
        output::line(format_args!(
            "dropped    {:>8}{}",
            figures.dropped,
            rules(&figures.dropped_by)
        ))?;
        output::line(format_args!(
            "dispatched {:>8}{}",
            figures.dispatched,
            rules(&figures.dispatched_by)
        ))?;
        output::line(format_args!("duplicates {:>8}", figures.duplicates))?;
        if figures.duplicates > figures.stored {
            output::line("           (these events were stored by an earlier run; --seed N makes others)")?;
        }
        output::line(format_args!("rejected   {:>8}", figures.rejected))?;
        for (code, rejected) in &figures.rejected_by {
            output::line(format_args!(
                "           {:>8}  {code}: {}",
                rejected.count, rejected.example
            ))?;
        }
        output::line(format_args!("queued     {:>8}", figures.queued))?;
        output::line(format_args!(
            "elapsed    {:>8.1} s, {:.0} events/s",
            self.elapsed.as_secs_f64(),
            self.rate()
        ))?;
        if self.restarts > 0 {
            output::line(format_args!(
                "restarts   {:>8}  of daemons that had ended unasked",
                self.restarts
            ))?;
        }
        if !figures.add_up() && self.drained {
            output::line("The figures do not add up: please report this, with the tree as it is.")?;
        }
        if !self.drained {
            return output::line(format_args!("{} of {} messages were fed.", figures.read, self.input));
        }
        self.searches(store).await?;
        output::line(format_args!(
            "
Next
  {command} events search --host 198.51.100.0/24
  {command} queue status
  {command} db psql -- -c 'SELECT * FROM mentat.partition'
  {command} db stop        (the commands above start the database again and leave it running)
  rules: {tree}/etc/mentat/mentat-inspector.conf    rejected messages: {tree}/var/mentat/spool/*/errors/",
            command = self.command(),
            tree = self.tree.display(),
        ))
    }

    /// How to call this program on this tree, as it was called.
    fn command(&self) -> String {
        let program = std::env::args_os().next().unwrap_or_else(|| "mentat".into());
        format!("{} --root {}", program.to_string_lossy(), self.tree.display())
    }

    async fn searches(&self, store: &Store) -> Result<(), Failure> {
        let everything = Search::default();
        let categories = store.top(Top::Categories, &everything, 5).await?;
        let sources = store.top(Top::Sources, &everything, 5).await?;
        for (title, list) in [("top categories", &categories), ("top sources", &sources)] {
            if !list.is_empty() {
                output::line(format_args!("\n{title}"))?;
            }
            for (value, count) in list {
                output::line(format_args!("  {count:>8}  {value}"))?;
            }
        }
        let mentat = self.command();
        if let Some((category, _)) = categories.last() {
            let mut search = Search::default();
            search.categories = vec![category.clone()];
            let command = format!("{mentat} events search --category {category} --limit 3");
            show(store, search, &command).await?;
        }
        if let Some((source, span)) = sources.first().and_then(|(text, _)| Some((text, text.parse().ok()?))) {
            let mut search = Search::default();
            search.sources = vec![span];
            let command = format!("{mentat} events search --source {source} --limit 3");
            show(store, search, &command).await?;
        }
        Ok(())
    }
}

async fn show(store: &Store, mut search: Search, command: &str) -> Result<(), Failure> {
    search.limit = 3;
    output::line(format_args!("\n$ {command}"))?;
    for found in store.search(&search).await? {
        output::line(summary(&found))?;
    }
    Ok(())
}

fn rules(by: &std::collections::BTreeMap<String, u64>) -> String {
    let each: Vec<String> = by.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
    if each.is_empty() {
        String::new()
    } else {
        format!("  by rule: {}", each.join(", "))
    }
}
