//! The inspector and the enricher on single batches.

use crate::support::{Hands, block_on};
use mentat_core::component::{Component, Context, Counter, Occurrence};
use mentat_core::enrich::{Changed, Enricher, Enrichment, Networks};
use mentat_core::inspector::{InspectorConfig, RuleError};
use mentat_core::{Batch, Cause, Config, Error, Event, Fut, Inspector, MessageId, Outcome, Parser, Work};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const MESSAGE: &str =
    r#"{"Category": ["Recon.Scanning"], "ConnCount": 7, "ID": "e1", "Source": [{"IP4": ["192.0.2.1"]}]}"#;

fn config(json: &str) -> InspectorConfig {
    serde_json::from_str(json).unwrap()
}

fn process(component: &mut dyn Component, batch: &mut Batch) -> Context {
    let mut cx = Context::new(Hands::new());
    block_on(component.process(batch, &mut cx)).unwrap();
    cx
}

fn parsed(messages: &[&str]) -> Batch {
    let works = messages
        .iter()
        .enumerate()
        .map(|(at, text)| Work::new(MessageId::new(format!("m{at}")), text.as_bytes().to_vec()));
    let mut batch = Batch::new(works.collect());
    process(&mut Parser::new(), &mut batch);
    batch
}

/// What the rules make of [`MESSAGE`]: outcome, then copies, the event if it was changed, and counters.
fn inspect(rules: &str) -> String {
    let mut inspector = Inspector::new(&config(rules)).unwrap_or_else(|errors| panic!("{}", RuleError::list(&errors)));
    let mut batch = parsed(&[MESSAGE]);
    let cx = process(&mut inspector, &mut batch);
    let work = batch.iter().next().unwrap();
    let mut text = match work.outcome() {
        None => "open".to_owned(),
        Some(Outcome::Drop(Cause::Rule(rule))) => format!("drop by {rule}"),
        Some(Outcome::Send(to)) => format!("send to {to}"),
        Some(Outcome::Reject(reason)) => format!("reject {}", reason.code),
        other => panic!("{other:?}"),
    };
    for copy in work.copies() {
        let bytes = copy
            .bytes
            .as_ref()
            .map_or("as it came", |bytes| std::str::from_utf8(bytes).unwrap());
        write!(text, "; copy to {} for {}: {bytes}", copy.to, copy.rule).unwrap();
    }
    if work.event.is_modified() {
        write!(text, "; {}", work.event).unwrap();
    }
    for (_, Counter(name), count) in cx.counters() {
        write!(text, "; {name} {count}").unwrap();
    }
    text
}

fn check(rules: &str, expected: &str) {
    assert_eq!(inspect(rules), expected, "{rules}");
}

/// A rule in short.
fn rule(name: &str, filter: &str, more: &str, actions: &str) -> String {
    format!(r#"{{"name": "{name}", "rule": "{filter}", {more} "actions": [{actions}]}}"#)
}

fn rules(rules: &[String]) -> String {
    format!(r#"{{"inspection_rules": [{}]}}"#, rules.join(", "))
}

fn always(actions: &str) -> String {
    rules(&[rule("r", "ConnCount == 7", "", actions)])
}

const DROP: &str = r#"{"action": "drop"}"#;
const COPY: &str = r#"{"action": "duplicate", "args": {"queue_tgt": "branch"}}"#;
const SEND: &str = r#"{"action": "dispatch", "args": {"queue_tgt": "branch"}}"#;
const LOG: &str = r#"{"action": "log", "args": {"label": "seen"}}"#;

fn tag(more: &str) -> String {
    format!(r#"{{"action": "tag", "args": {{{more}}}}}"#)
}

fn set(more: &str) -> String {
    format!(r#"{{"action": "set", "args": {{{more}}}}}"#)
}

fn with_class(class: &str) -> String {
    MESSAGE.replace("}]}", &format!("}}], \"_Mentat\": {{\"EventClass\": \"{class}\"}}}}"))
}

#[test]
fn each_action_does_what_it_says() {
    let a = tag(r#""path": "_Mentat.EventClass", "value": "a""#);
    let tagged = with_class("a");
    check(&always(&a), &format!("open; {tagged}; matched 1; tagged 1"));
    check(
        &always(&tag(r#""path": "ConnCount", "value": 9, "overwrite": false"#)),
        "open; matched 1",
    );
    check(
        &always(&tag(
            r#""path": "Source[1].IP4[*]", "value": "192.0.2.1/32", "unique": true"#,
        )),
        "open; matched 1",
    );
    check(
        &always(&set(r#""path": "FlowCount", "expression": "ConnCount * 2""#)),
        &format!(
            "open; {}; matched 1; set 1",
            MESSAGE.replace("\"ID\"", "\"FlowCount\": 14, \"ID\"")
        ),
    );
    check(
        &always(&set(r#""path": "Ref", "expression": "Category""#)),
        "reject action_failed; errors 1; matched 1",
    );
    check(&always(DROP), "drop by r; dropped 1; matched 1");
    check(&always(SEND), "send to branch; dispatched 1; matched 1");
    check(
        &always(COPY),
        "open; copy to branch for r: as it came; duplicated 1; matched 1",
    );
    check(&always(LOG), "open; logged 1; matched 1");
}

#[test]
fn actions_take_effect_in_order_and_the_first_decision_is_the_last() {
    let (a, b) = (
        tag(r#""path": "_Mentat.EventClass", "value": "a""#),
        tag(r#""path": "_Mentat.EventClass", "value": "b""#),
    );
    let with_a = with_class("a");
    let with_b = with_class("b");
    check(
        &always(&format!("{COPY}, {a}, {SEND}, {b}, {DROP}")),
        &format!(
            "send to branch; copy to branch for r: as it came; {with_a}; dispatched 1; duplicated 1; matched 1; tagged 1"
        ),
    );
    check(
        &always(&format!("{a}, {COPY}, {b}")),
        &format!("open; copy to branch for r: {with_a}; {with_b}; duplicated 1; matched 1; tagged 2"),
    );
    // Later rules see what earlier ones did, and none comes after a decision.
    check(
        &rules(&[
            rule("one", "ConnCount == 7", "", &a),
            rule("two", "_Mentat.EventClass == 'a'", "", DROP),
            rule("three", "ConnCount == 7", "", COPY),
        ]),
        &format!("drop by two; {with_a}; dropped 1; matched 2; tagged 1"),
    );
}

#[test]
fn rules_end_are_disabled_and_fall_back() {
    let (one, two) = (
        |more: &str| rule("one", "ConnCount == 7", more, LOG),
        rule("two", "ConnCount == 7", "", DROP),
    );
    check(
        &rules(&[one(""), two.clone()]),
        "drop by two; dropped 1; logged 1; matched 2",
    );
    check(
        &rules(&[one(r#""final": true,"#), two.clone()]),
        "open; logged 1; matched 1",
    );
    check(
        &rules(&[one(r#""enabled": false,"#), two.clone()]),
        "drop by two; dropped 1; matched 1",
    );
    check(&always(r#"{"action": "drop", "enabled": false}"#), "open; matched 1");
    // True is matched, what is merely not zero is not.
    check(&rules(&[rule("r", "ConnCount", "", DROP)]), "open; fallbacks 1");
    let fallback = |filter: &str| {
        format!(
            r#"{{"inspection_rules": [{}], "fallback_actions": [{DROP}]}}"#,
            rule("r", filter, "", LOG)
        )
    };
    check(&fallback("ConnCount == 8"), "drop by fallback; dropped 1; fallbacks 1");
    check(&fallback("ConnCount == 7"), "open; logged 1; matched 1");
    check(r#"{"inspection_rules": []}"#, "open; fallbacks 1");
}

#[test]
fn rules_that_cannot_be_evaluated_follow_their_policy() {
    let missing = |policy: &str| rule("r", "NoSuch.Path == 1", policy, LOG);
    let next = rule("next", "ConnCount == 7", "", COPY);
    let skipped = "open; copy to branch for next: as it came; duplicated 1; matched 1; rule errors 1";
    check(&rules(&[missing(""), next.clone()]), skipped);
    check(&rules(&[missing(r#""on_error": "skip","#), next.clone()]), skipped);
    check(
        &rules(&[missing(r#""on_error": "match","#), next.clone()]),
        "open; copy to branch for next: as it came; duplicated 1; logged 1; matched 2; rule errors 1",
    );
    let banish = missing(r#""on_error": "banish","#);
    check(
        &rules(&[banish.clone(), next.clone()]),
        "reject rule_error; rule errors 1",
    );
    // A rejected message has no use for fallback actions either.
    check(
        &format!(r#"{{"inspection_rules": [{banish}], "fallback_actions": [{COPY}]}}"#),
        "reject rule_error; rule errors 1",
    );
}

#[test]
fn a_change_that_fails_rejects_the_message_and_leaves_the_event() {
    let after = format!("{}, {COPY}", tag(r#""path": "DetectTime", "value": "yesterday""#));
    check(&always(&after), "reject action_failed; errors 1; matched 1");
    check(
        &always(&tag(r#""path": "Source.Note", "value": "x""#)),
        "reject action_failed; errors 1; matched 1",
    );
    check(
        &always(&set(r#""path": "Note", "expression": "NoSuch.Path""#)),
        "reject action_failed; errors 1; matched 1",
    );
}

#[test]
fn everything_that_does_not_load_is_told_at_once() {
    let broken = format!(
        r#"{{"add_event_class_rules": true, "inspection_rules": [{}, {}, {}, {}],
            "fallback_actions": [{{"action": "duplicate"}}]}}"#,
        rule("syntax", "ConnCount ==", "", &tag(r#""value": 1"#)),
        rule("path", "ConnCount == 1", "", &tag(r#""path": "a..b", "value": 1"#)),
        rule(
            "expression",
            "ConnCount == 1",
            "",
            &set(r#""path": "a", "expression": "1 +""#)
        ),
        rule("off", "nonsense nonsense", r#""enabled": false,"#, DROP),
    );
    let errors = Inspector::new(&config(&broken)).unwrap_err();
    let told: Vec<(&str, &str)> = errors
        .iter()
        .map(|error| (error.rule.as_str(), error.text.as_str()))
        .collect();
    let expected = [
        ("add_event_class_rules", "event classes"),
        ("syntax", "'path'"),
        ("syntax", "ConnCount =="),
        ("path", "a..b"),
        ("expression", "1 +"),
        ("fallback_actions", "'queue_tgt'"),
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for ((rule, text), (expected_rule, part)) in told.iter().zip(expected) {
        assert_eq!(*rule, expected_rule);
        assert!(text.contains(part), "{rule}: {text}");
    }
    assert_eq!(RuleError::list(&errors).matches("rule '").count(), 6);
    for typo in [
        r#"{"inspection_rules": [{"rule": "a", "naem": "x"}]}"#,
        r#"{"inspection_rules": [{"rule": "a", "actions": [{"action": "explode"}]}]}"#,
        r#"{"inspection_rules": [{"name": "a"}]}"#,
        r#"{"inspection_rules": [{"rule": "a", "on_error": "panic"}]}"#,
    ] {
        assert!(serde_json::from_str::<InspectorConfig>(typo).is_err(), "{typo}");
    }
}

#[test]
fn a_failed_reload_keeps_the_old_rules() {
    let mut inspector = Inspector::new(&config(&always(DROP))).unwrap();
    let mut reload = |json: &str| {
        let occurrence = Occurrence::Reload(Arc::new(Config::new().with(config(json))));
        let told = block_on(inspector.handle(&occurrence, &mut Context::new(Hands::new())));
        let mut batch = parsed(&[MESSAGE]);
        process(&mut inspector, &mut batch);
        (told.is_ok(), batch.iter().next().unwrap().outcome().is_some())
    };
    assert_eq!(reload(&rules(&[rule("r", "((", "", LOG)])), (false, true));
    assert_eq!(reload(&always(LOG)), (true, false));
}

#[test]
fn the_parser_rejects_what_is_no_event_with_every_reason() {
    let batch = parsed(&[MESSAGE, "{", r#"{"ID": "a b", "Source": {"Port": [22]}}"#]);
    let outcomes: Vec<_> = batch.iter().map(Work::outcome).collect();
    assert_eq!(outcomes[0], None);
    let Some(Outcome::Reject(reason)) = outcomes[1] else {
        panic!("{outcomes:?}")
    };
    assert_eq!(reason.code, "bad_json");
    let Some(Outcome::Reject(reason)) = outcomes[2] else {
        panic!("{outcomes:?}")
    };
    assert_eq!(reason.code, "bad_id");
    assert!(
        reason.text.contains("/ID: ") && reason.text.contains("/Source: "),
        "{}",
        reason.text
    );
}

/// Adds its name to the `Trail` of every event but those it cannot stand.
struct Scribe {
    name: &'static str,
    refuses: &'static str,
    asked: Arc<Mutex<Vec<(String, usize)>>>,
}

impl Enricher for Scribe {
    fn name(&self) -> &str {
        self.name
    }

    fn enrich<'a>(
        &'a self,
        events: &'a mut [&'a mut Event],
        deadline: Instant,
    ) -> Fut<'a, Vec<Result<Changed, Error>>> {
        assert!(deadline > Instant::now());
        self.asked.lock().unwrap().push((self.name.to_owned(), events.len()));
        let results = events.iter_mut().map(|event| {
            if event.id() == Some(self.refuses) {
                return Err(Error::transient("no answer"));
            }

            let path = "Trail[*]".parse().unwrap();
            event
                .set(&path, &self.name.into(), mentat_core::idea::SetPolicy::default())
                .unwrap();
            Ok(Changed::Yes)
        });
        Box::pin(std::future::ready(results.collect()))
    }
}

#[test]
fn enrichers_work_in_order_and_an_error_costs_only_their_own_part() {
    let asked = Arc::default();
    let scribe = |name, refuses| Scribe {
        name,
        refuses,
        asked: Arc::clone(&asked),
    };
    let mut enrichment = Enrichment::new(Duration::from_secs(10))
        .with(scribe("a", "e1"))
        .with(scribe("b", "none"));
    let mut batch = parsed(&[r#"{"ID": "e1"}"#, "no event", r#"{"ID": "e2"}"#]);
    let cx = process(&mut enrichment, &mut batch);
    let events: Vec<String> = batch.iter().map(|work| work.event.to_json()).collect();
    assert_eq!(
        events,
        [
            r#"{"ID": "e1", "Trail": ["b"]}"#,
            "{}",
            r#"{"ID": "e2", "Trail": ["a", "b"]}"#
        ]
    );
    assert!(batch.iter_open().count() == 2);
    let counters: Vec<_> = cx.counters().map(|(_, Counter(name), count)| (name, count)).collect();
    assert_eq!(counters, [("enriched", 3), ("errors", 1)]);
    assert_eq!(*asked.lock().unwrap(), [("a".to_owned(), 2), ("b".to_owned(), 2)]);
}

#[test]
fn networks_name_the_groups_of_both_sides() {
    let table = Networks::from_json(
        r#"[{"network": "192.0.2.0/24", "abuse_group": "b"}, {"network": "192.0.2.0/25", "abuse_group": "a"},
            {"network": "2001:db8::/32", "abuse_group": "six"}]"#,
    );
    let mut enrichment = Enrichment::new(Duration::from_secs(10)).with(table.unwrap());
    let check = |enrichment: &mut Enrichment, message: &str, expected: &str| {
        let mut batch = parsed(&[message]);
        process(enrichment, &mut batch);
        let work = batch.iter().next().unwrap();
        assert_eq!(work.event.to_json(), expected);
        assert_eq!(work.event.is_modified(), message != expected);
    };
    check(
        &mut enrichment,
        r#"{"Source": [{"IP4": ["192.0.2.1", "192.0.2.200"]}], "Target": [{"IP6": ["2001:db8::1"]}]}"#,
        r#"{"Source": [{"IP4": ["192.0.2.1", "192.0.2.200"]}], "Target": [{"IP6": ["2001:db8::1"]}], "_Mentat": {"ResolvedAbuses": ["a", "b"], "TargetAbuses": ["six"]}}"#,
    );
    let unknown = r#"{"Source": [{"IP4": ["198.51.100.1"]}], "_Mentat": {"ResolvedAbuses": ["kept"]}}"#;
    check(&mut enrichment, unknown, unknown);
    let known = r#"{"Source": [{"IP4": ["192.0.2.200"]}], "_Mentat": {"ResolvedAbuses": ["b"]}}"#;
    check(&mut enrichment, known, known);
}
