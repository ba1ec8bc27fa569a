//! What the partitions look like in PostgreSQL's own catalogue.

use super::{Db, messages};

/// Compares what SQL answers after a first write, its fields joined and its rows sorted.
fn check(cases: &[(&str, &[&str])]) {
    let db = Db::new();
    db.run(async {
        db.write(&mut messages(["a"])).await;
        for (sql, expected) in cases {
            let rows = db.rows(sql).await.into_iter();
            let mut found: Vec<String> = rows
                .map(|row| {
                    let fields: Vec<String> = row.into_iter().map(Option::unwrap_or_default).collect();
                    fields.join(" ")
                })
                .collect();
            found.sort();
            assert_eq!(found, *expected, "{sql}");
        }
    });
}

#[test]
fn partitions_have_the_indexes_of_their_parent_and_no_others() {
    check(&[(
        "SELECT regexp_replace(c.relname, '_\\d{8}', '_DAY'), am.amname, array_to_string(c.reloptions, ','),
             p.inhparent::regclass, count(*)
         FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am am ON am.oid = c.relam
         JOIN pg_class t ON t.oid = i.indrelid LEFT JOIN pg_inherits p ON p.inhrelid = c.oid
         WHERE t.relnamespace = 'mentat'::regnamespace AND t.relkind = 'r' AND t.relispartition AND i.indisvalid
         GROUP BY 1, 2, 3, 4",
        &[
            "events_DAY_addr_idx gin fastupdate=off events_addr 2",
            "events_DAY_category_node_name_idx gin fastupdate=on,gin_pending_list_limit=512 events_category_node 2",
            "events_DAY_detecttime_idx btree  events_detecttime 2",
            "events_DAY_storagetime_idx brin  events_storagetime 2",
            "raw_DAY_pkey btree  raw_pkey 2",
        ],
    )]);
}

#[test]
fn texts_are_compressed_by_lz4() {
    check(&[(
        "SELECT DISTINCT a.attname, a.attcompression FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         WHERE c.relname LIKE 'raw%' AND c.relkind IN ('r', 'p') AND a.attname = 'body'",
        &["body l"],
    )]);
}

#[test]
fn today_and_tomorrow_have_partitions() {
    check(&[
        (
            "SELECT day - storagetime::date, state, rows,
             to_regclass('mentat.events_' || to_char(day, 'YYYYMMDD')) IS NULL
         FROM mentat.partition, mentat.events",
            &["0 open 1 f", "1 open 0 f"],
        ),
        (
            "SELECT p.day - e.storagetime::date, i.inhrelid::regclass::text LIKE '%raw_' || to_char(p.day, 'YYYYMMDD'),
             pg_get_expr(c.relpartbound, c.oid) = format('FOR VALUES FROM (%L) TO (%L)',
                 (p.day - date '1970-01-01')::bigint << 36, (p.day + 1 - date '1970-01-01')::bigint << 36)
         FROM mentat.partition p, mentat.events e, pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = 'mentat.raw'::regclass AND c.relname = 'raw_' || to_char(p.day, 'YYYYMMDD')",
            &["0 t t", "1 t t"],
        ),
    ]);
}

#[test]
fn columns_have_no_second_home() {
    // Every column of the parent is in each partition with the same type, nullability and position.
    check(&[(
        "SELECT count(*) FROM (
             SELECT attnum, attname, atttypid, attnotnull FROM pg_attribute WHERE attrelid = 'mentat.events'::regclass
             EXCEPT ALL SELECT attnum, attname, atttypid, attnotnull FROM pg_attribute
             WHERE attrelid = (SELECT tableoid FROM mentat.events)
         ) AS other",
        &["0"],
    )]);
}
