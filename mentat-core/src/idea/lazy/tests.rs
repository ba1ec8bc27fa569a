use super::super::coerce::message;
use super::super::fast::tests::value;
use super::super::options::ReadOptions;
use super::super::tree::Object;
use super::*;
use crate::idea::{Event, SetPolicy};
use proptest::prelude::*;

fn held(raw: &str) -> Held {
    Held::unread(serde_json::from_str(raw).unwrap(), Mode::Lenient, &Limits::default()).unwrap()
}

fn was_read(event: &Event) -> bool {
    let held = event.root().held("x").unwrap();
    !matches!(held, Held::Unread(unread) if unread.node.get().is_none())
}

#[test]
fn a_value_is_read_at_the_first_look() {
    let check = |look: &dyn Fn(&mut Event), expected: bool| {
        let mut event: Event = r#"{"ID": "a", "x": {"b": [1, 1e400], "a": {"c": null}}}"#.parse().unwrap();
        assert!(!was_read(&event));
        look(&mut event);
        assert_eq!(was_read(&event), expected);
    };
    check(&|event| drop(event.clone()), false);
    check(&|event| assert_eq!(*event, event.clone()), false);
    check(&|event| assert_eq!(event.id(), Some("a")), false);
    check(&|event| assert!(event.check_complete().is_err()), false);
    check(
        &|event| {
            event
                .set(&"ID".parse().unwrap(), &"b".into(), SetPolicy::default())
                .map(drop)
                .unwrap();
        },
        false,
    );
    check(
        &|event| assert_eq!(event.values(&"x.b".parse().unwrap()).len(), 2),
        true,
    );
    check(&|event| assert!(event.exists(&"x.b[2]".parse().unwrap())), true);
    check(
        &|event| assert_eq!(event.unset(&"x.a.c".parse().unwrap()), Ok(true)),
        true,
    );
    check(&|event| assert!(event.to_json().contains("[1, 1e400]")), true);
    check(&|event| assert_ne!(*event, Event::default()), false);
}

#[test]
fn how_a_value_is_written_and_whether_it_was_read_do_not_matter() {
    let event = |text: &str| text.parse::<Event>().unwrap();
    let one = event(r#"{"x": {"a": "\u0062", "a": [1], "c": {}}}"#);
    let other = event(r#"{"x":{"c":{},"a":[1]}}"#);
    assert_eq!(one, other);
    assert_eq!(one.to_json(), r#"{"x": {"a": [1], "c": {}}}"#);
    assert_ne!(one, event(r#"{"x": {"a": [1.0], "c": {}}}"#));
    assert_eq!(format!("{one:#}"), other.to_json());
}

#[test]
fn what_was_changed_is_not_read_again() {
    let mut held = held(r#"{"a": 1}"#);
    assert_eq!(held.clone(), held);
    *held.node_mut() = Node::Bool(true);
    assert_eq!(held.node(), &Node::Bool(true));
    assert_eq!(held, Held::Read(Node::Bool(true)));
}

#[test]
fn only_flawless_lists_and_objects_stay_unread() {
    let check = |text: &str, (list_items, string_bytes): (usize, usize), mode: Mode, expected: bool| {
        let limits = Limits {
            list_items,
            string_bytes,
            ..Limits::default()
        };
        let raw = serde_json::from_str(text).unwrap();
        assert_eq!(Held::unread(raw, mode, &limits).is_some(), expected, "{text}");
    };
    for (text, limits, expected) in [
        ("[1,2,3,4]", (4, 9), true),
        ("[1,2,3,4]", (3, 9), false),
        ("[1,2,3,4]", (4, 8), false),
        (r#"{"a":"a long text"}"#, (1, 99), true),
        (r#"["\\ud800"]"#, (9, 99), true),
        (r#"["\ud83d\ude00"]"#, (9, 99), true),
        (r#"["\ud800"]"#, (9, 99), false),
        (r#"{"\udc00": 1}"#, (9, 99), false),
        ("{}", (9, 99), true),
        ("1", (9, 99), false),
        ("\"a\"", (9, 99), false),
        ("null", (9, 99), false),
    ] {
        for mode in [Mode::Lenient, Mode::RepairLists, Mode::Repair] {
            check(text, limits, mode, expected);
        }
        check(text, limits, Mode::Strict, false);
    }
}

#[test]
fn members_are_no_larger_for_it() {
    assert_eq!(size_of::<Held>(), size_of::<Node>());
}

/// The value, and the rules that were broken on the way.
type Outcome = Result<(Node, Vec<&'static str>), Vec<&'static str>>;

fn outcome(text: &str, options: &ReadOptions, find: fn(&Object) -> Option<&Node>) -> Outcome {
    match message(text.as_bytes(), options) {
        Ok((root, warnings)) => Ok((
            find(&root).unwrap().clone(),
            warnings.iter().map(|problem| problem.rule).collect(),
        )),
        Err(invalid) => Err(invalid.problems().iter().map(|problem| problem.rule).collect()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    // A value of `Proto` may be of any kind too, but the definition has that key: it is read at once.
    #[test]
    fn what_is_read_late_reads_as_if_read_at_once(
        value in value(),
        mode in proptest::sample::select(&[Mode::Lenient, Mode::RepairLists, Mode::Repair, Mode::Strict][..]),
        (depth, list_items, string_bytes) in prop_oneof![
            Just((120, 100_000, 4 << 20)),
            (2..6_usize, 1..4_usize, 6..40_usize),
        ],
    ) {
        let mut options = ReadOptions::new(mode);
        (options.limits.list_items, options.limits.string_bytes) = (list_items, string_bytes);
        options.limits.depth = depth;
        let late = outcome(&format!(r#"{{"x": [{value}]}}"#), &options, |root| root.named("x"));
        options.limits.depth = depth + 3;
        let at_once = outcome(&format!(r#"{{"Source": [{{"Proto": [[{value}]]}}]}}"#), &options, |root| {
            root.named("Source")?.as_list().first()?.as_object()?.named("Proto")?.as_list().first()
        });
        prop_assert_eq!(late, at_once);
    }
}
