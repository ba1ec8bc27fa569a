//! Finding events again.

use super::row::{clean, identifier};
use super::types::Time;
use super::{Store, address};
use crate::Error;
use jiff::Timestamp;
use mentat_filter::{Family, IpSpan};
use tokio_postgres::types::ToSql;

/// What to look for; every condition given must hold. Lists hold alternatives.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Search {
    /// Detected at or after this time.
    pub from: Option<Timestamp>,
    /// Detected before this time.
    pub to: Option<Timestamp>,
    /// Categories, whole.
    pub categories: Vec<String>,
    /// Names of detectors.
    pub detectors: Vec<String>,
    /// Abuse groups of the sources.
    pub groups: Vec<String>,
    /// Addresses that overlap one of a source.
    pub sources: Vec<IpSpan>,
    /// Addresses that overlap one of a target.
    pub targets: Vec<IpSpan>,
    /// Addresses that overlap one of a source or target.
    pub hosts: Vec<IpSpan>,
    /// At most so many events, newest first; 0 is no limit.
    pub limit: u32,
}

/// One event found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Found {
    /// When it was detected.
    pub detect_time: Timestamp,
    /// The message, canonical JSON.
    pub json: String,
}

/// A WHERE clause with its parameters.
#[derive(Default)]
struct Conditions {
    sql: Vec<String>,
    values: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl Conditions {
    /// Adds a parameter and answers its place holder.
    fn bind(&mut self, value: impl ToSql + Sync + Send + 'static) -> String {
        self.values.push(Box::new(value));
        format!("${}", self.values.len())
    }

    fn of(search: &Search) -> Self {
        let mut all = Self::default();
        for (time, operator) in [(search.from, ">="), (search.to, "<")] {
            if let Some(time) = time {
                let value = all.bind(Time(time).at_least_earliest());
                all.sql.push(format!("e.detecttime {operator} {value}"));
            }
        }
        let lists = [
            ("category", &search.categories),
            ("node_name", &search.detectors),
            ("resolvedabuses", &search.groups),
        ];
        for (column, list) in lists {
            if !list.is_empty() {
                // As they were stored: the server's text has no NUL.
                let value = all.bind(list.iter().map(|text| clean(text)).collect::<Vec<_>>());
                all.sql.push(format!("e.{column} && {value}::text[]"));
            }
        }
        all.addresses(&search.sources, &["source"]);
        all.addresses(&search.targets, &["target"]);
        all.addresses(&search.hosts, &["source", "target"]);
        all
    }

    /// The keys find candidates through the index; the columns decide.
    fn addresses(&mut self, spans: &[IpSpan], sides: &[&str]) {
        if spans.is_empty() {
            return;
        }
        let mut alternatives = Vec::new();
        for span in spans {
            let keys = self.bind(address::query(*span));
            let (column, kind, text) = match span.family() {
                Family::V4 => ("ip4", "int8multirange", format!("{{[{},{}]}}", span.low(), span.high())),
                Family::V6 => (
                    "ip6",
                    "mentat.inetmultirange",
                    format!("{{[{},{}]}}", span.first(), span.last()),
                ),
            };
            let value = self.bind(text);
            let exact: Vec<String> = sides
                .iter()
                .map(|side| format!("e.{side}_{column} && {value}::text::{kind}"))
                .collect();
            alternatives.push(format!(
                "(e.addr @@ {keys}::text::tsquery AND ({}))",
                exact.join(" OR ")
            ));
        }
        self.sql.push(format!("({})", alternatives.join(" OR ")));
    }

    fn clause(&self) -> String {
        if self.sql.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", self.sql.join(" AND "))
        }
    }

    fn values(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.values
            .iter()
            .map(|value| &**value as &(dyn ToSql + Sync))
            .collect()
    }
}

const SELECT: &str = "SELECT e.detecttime, substr(r.body, e.raw_off + 1, e.raw_len)
    FROM mentat.events e JOIN mentat.raw r ON r.chunk = e.chunk";

/// The SQL of a search, with its parameters.
fn statement(search: &Search) -> (String, Conditions) {
    let mut conditions = Conditions::of(search);
    let clause = conditions.clause();
    let limit = if search.limit == 0 {
        String::new()
    } else {
        let value = conditions.bind(i64::from(search.limit));
        format!(" LIMIT {value}::bigint")
    };
    let sql = format!("{SELECT}{clause} ORDER BY e.detecttime DESC, e.id{limit}");
    (sql, conditions)
}

fn found(row: &tokio_postgres::Row) -> Found {
    let (Time(detect_time), json): (Time, &[u8]) = (row.get(0), row.get(1));
    Found {
        detect_time,
        json: String::from_utf8_lossy(json).into_owned(),
    }
}

impl Store {
    /// The events that meet all conditions, newest first.
    ///
    /// # Errors
    /// Transient if the database is away, else fatal.
    pub async fn search(&self, search: &Search) -> Result<Vec<Found>, Error> {
        let (sql, conditions) = statement(search);
        let rows = self.client().await?.query(&sql, &conditions.values()).await;
        Ok(rows.map_err(self.failed("cannot search"))?.iter().map(found).collect())
    }

    /// How many events meet all conditions; the limit does not count.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub async fn count(&self, search: &Search) -> Result<u64, Error> {
        let conditions = Conditions::of(search);
        let sql = format!("SELECT count(*) FROM mentat.events e{}", conditions.clause());
        let row = self.client().await?.query_one(&sql, &conditions.values()).await;
        let count: i64 = row.map_err(self.failed("cannot count events in"))?.get(0);
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// The event with this ID.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub async fn fetch(&self, id: &str) -> Result<Option<Found>, Error> {
        let key = identifier(id);
        // The identifier table knows the storage time, which names the partition.
        let sql = format!(
            "{SELECT} WHERE e.id = $1
             AND e.storagetime = (SELECT storagetime FROM mentat.event_id WHERE id = $1)"
        );
        let row = self.client().await?.query_opt(&sql, &[&key]).await;
        Ok(row
            .map_err(self.failed("cannot fetch an event from"))?
            .as_ref()
            .map(found))
    }

    /// The most frequent categories and source addresses with their numbers of events.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub async fn top(&self, of: Top, search: &Search, limit: u32) -> Result<Vec<(String, u64)>, Error> {
        let mut conditions = Conditions::of(search);
        let clause = conditions.clause();
        let limit = conditions.bind(i64::from(limit));
        // Every value once for each event.
        let values = match of {
            Top::Categories => "SELECT DISTINCT unnest(e.category) AS value",
            Top::Sources => {
                "SELECT concat_ws('-', low, nullif(high, low)) AS value FROM (
                     SELECT host('0.0.0.0'::inet + lower(r)), host('0.0.0.0'::inet + (upper(r) - 1))
                     FROM unnest(e.source_ip4) AS r
                     UNION ALL SELECT host(lower(r)), host(upper(r)) FROM unnest(e.source_ip6) AS r
                 ) AS span (low, high)"
            }
        };
        let sql = format!(
            "SELECT t.value, count(*) FROM mentat.events e, LATERAL ({values}) AS t{clause}
             GROUP BY 1 ORDER BY 2 DESC, t.value COLLATE \"C\" LIMIT {limit}::bigint"
        );
        let rows = self.client().await?.query(&sql, &conditions.values()).await;
        let rows = rows.map_err(self.failed("cannot count events in"))?;
        Ok(rows
            .iter()
            .map(|row| (row.get(0), u64::try_from(row.get::<_, i64>(1)).unwrap_or_default()))
            .collect())
    }

    /// The hashes ([`name_hash`](super::name_hash)) of the names of all messages stored.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub async fn stored_names(&self) -> Result<Vec<i64>, Error> {
        let rows = self
            .client()
            .await?
            .query("SELECT name_hash FROM mentat.event_id", &[])
            .await;
        Ok(rows
            .map_err(self.failed("cannot read"))?
            .iter()
            .map(|row| row.get(0))
            .collect())
    }
}

/// What [`Store::top`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Top {
    /// Categories.
    Categories,
    /// Source addresses; a range counts as one.
    Sources,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scratch::TestCluster;

    async fn check(store: &Store, search: &Search, index: &str) {
        let (sql, conditions) = statement(search);
        let client = store.client().await.unwrap();
        let explained = client.query(&format!("EXPLAIN {sql}"), &conditions.values()).await;
        let plan: Vec<String> = explained.unwrap().iter().map(|row| row.get(0)).collect();
        for day in ["20261123", "20261124"] {
            let scan = format!("Bitmap Index Scan on events_{day}_{index}_idx");
            assert!(plan.iter().any(|line| line.contains(&scan)), "{search:?}: {plan:#?}");
        }
    }

    #[test]
    fn indexes_fit_the_conditions() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let database = TestCluster::shared().empty_database();
        // Nothing but bitmaps: whether an index can be used, not whether it pays.
        let options = "options='-c enable_seqscan=off -c enable_indexscan=off -c enable_indexonlyscan=off'";
        let store = Store::new(&format!("{} {options}", database.connection_string())).unwrap();
        runtime.block_on(async {
            store.migrate().await.unwrap();
            store.create_partitions(&[20_780, 20_781]).await.unwrap();
            for spans in [
                &["192.0.2.1"][..],
                &["192.0.2.0/24"],
                &["10.0.0.1-10.0.0.77", "2001:db8::/31"],
                &["::/0"],
            ] {
                let hosts = Search {
                    hosts: spans.iter().map(|text| text.parse().unwrap()).collect(),
                    ..Search::default()
                };
                check(&store, &hosts, "addr").await;
                let sources = Search {
                    sources: hosts.hosts,
                    limit: 10,
                    ..Search::default()
                };
                check(&store, &sources, "addr").await;
            }
            let category = Search {
                categories: vec!["Test".to_owned()],
                ..Search::default()
            };
            check(&store, &category, "category_node_name").await;
            let from = Search {
                from: Some("2026-11-23T00:00:00Z".parse().unwrap()),
                ..Search::default()
            };
            check(&store, &from, "detecttime").await;
        });
    }
}
