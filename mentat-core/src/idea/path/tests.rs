//! Rows of the specification's tables, and the promise that an error changes nothing.

use super::{Change, SetError, SetPolicy};
use crate::idea::Event;
use mentat_filter::{IndexedPath, Value};
use proptest::prelude::*;

const READ: &str = r#"{"Category": ["Recon.Scanning", "Attempt.Login"], "ConnCount": 0, "Description": "",
    "Source": [{"IP4": ["192.0.2.1", "192.0.2.2"], "Port": [22]}, {"IP4": ["192.0.2.3"], "Note": "second"}, {}],
    "empty": [], "object": {}, "nothing": null, "no": false, "lists": [[1, 2], [3, [4]], "s"],
    "mixed": [{"a": 1}, 5, null, {"a": [2, 3]}, [{"a": 4}]], "nulls": [{"x": null}, {"x": 1}], "1": {"2": "n"}}"#;

fn indexed(path: &str) -> IndexedPath {
    path.parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Values in the notation of JSON, so that a row shows types.
fn shown(values: &[Value]) -> String {
    let mut event = Event::default();
    event
        .set(&indexed("v"), &Value::List(values.to_vec()), SetPolicy::default())
        .unwrap();
    let json = event.to_json();
    json.strip_prefix(r#"{"v": "#)
        .and_then(|json| json.strip_suffix('}'))
        .unwrap()
        .to_owned()
}

#[track_caller]
fn check_get(path: &str, values: &str, exists: bool) {
    let event: Event = READ.parse().unwrap();
    let path = indexed(path);
    assert_eq!(shown(&event.get(&path)), values, "{path}");
    assert_eq!(event.exists(&path), exists, "{path}");
}

#[test]
fn get_without_an_index_takes_lists_apart_once() {
    check_get("Category", r#"["Recon.Scanning", "Attempt.Login"]"#, true);
    check_get("Description", r#"[""]"#, true);
    check_get("no", "[false]", true);
    check_get("object", "[{}]", true);
    check_get("nothing", "[null]", false);
    check_get("empty", "[]", false);
    check_get("missing", "[]", false);
    check_get("Source.IP4", r#"["192.0.2.1", "192.0.2.2", "192.0.2.3"]"#, true);
    check_get("lists", r#"[[1, 2], [3, [4]], "s"]"#, true);
    check_get("mixed.a", "[1, 2, 3]", true);
    check_get("nulls.x", "[null, 1]", false);
    check_get("1.2", r#"["n"]"#, true);
    check_get("Description.x", "[]", false);
    check_get("Category.x", "[]", false);
    check_get("nothing.x", "[]", false);
}

#[test]
fn get_with_an_index_counts_in_every_list() {
    check_get("Category[1]", r#"["Recon.Scanning"]"#, true);
    check_get("Category[#]", r#"["Attempt.Login"]"#, true);
    check_get("Category[*]", r#"["Recon.Scanning", "Attempt.Login"]"#, true);
    check_get("Category[3]", "[]", false);
    check_get("Source.IP4[1]", r#"["192.0.2.1", "192.0.2.3"]"#, true);
    check_get("Source[1].IP4[2]", r#"["192.0.2.2"]"#, true);
    check_get("Source[01].IP4[#]", r#"["192.0.2.2"]"#, true);
    check_get("Source[2].IP4", r#"["192.0.2.3"]"#, true);
    check_get("Source[#]", "[{}]", true);
    check_get("Source[3].IP4", "[]", false);
    check_get("lists[1]", "[[1, 2]]", true);
    check_get("mixed[*].a", "[1, 2, 3]", true);
    check_get("mixed[#].a", "[]", false);
    check_get("mixed[3]", "[null]", false);
    check_get("empty[#]", "[]", false);
    check_get("ConnCount[1]", "[]", false);
    check_get("object[*]", "[]", false);
    check_get("nothing[1]", "[]", false);
}

#[test]
fn dotted_paths_skip_nulls_and_enter_lists_of_lists() {
    let check = |path: &str, expected: &str| {
        let event: Event = READ.parse().unwrap();
        assert_eq!(shown(&event.values(&path.parse().unwrap())), expected, "{path}");
    };
    check("Category", r#"["Recon.Scanning", "Attempt.Login"]"#);
    check("nothing", "[]");
    check("missing", "[]");
    check("empty", "[]");
    check("no", "[false]");
    check("nulls.x", "[1]");
    check("mixed", r#"[{"a": 1}, 5, null, {"a": [2, 3]}, [{"a": 4}]]"#);
    check("mixed.a", "[1, 2, 3, 4]");
    check("Source.IP4", r#"["192.0.2.1", "192.0.2.2", "192.0.2.3"]"#);
}

const CHANGED: &str = r#"{"K": "v", "L": ["a", "b", "c"], "O": {"x": 1, "y": 2},
    "S": [{"a": 1, "l": [1, 2]}, {"a": 2, "l": [3]}, {"b": 1}], "M": [{"a": {"b": 1}}, {"a": 2}, {"a": {"b": 1}}]}"#;

#[track_caller]
fn check_unset(path: &str, expected: Result<&str, SetError>) {
    let before: Event = CHANGED.parse().unwrap();
    let mut event = before.clone();
    match (event.unset(&indexed(path)), expected) {
        (Ok(true), Ok(members)) => {
            // The rows show the members that the path names; all others stay.
            let key = path.split(['.', '[']).next().unwrap();
            let left = event.get(&indexed(key));
            let shown = if event.root().named(key).is_some() {
                shown(&left)
            } else {
                "gone".to_owned()
            };
            assert_eq!(shown, members, "{path}");
            for other in ["K", "L", "O", "S", "M"].into_iter().filter(|other| *other != key) {
                assert_eq!(event.get(&indexed(other)), before.get(&indexed(other)), "{path}");
            }
            assert!(event.is_modified(), "{path}");
        }
        (Ok(false), Ok("")) => assert!(event == before && !event.is_modified(), "{path}"),
        (Err(error), Err(wanted)) => {
            assert_eq!(error, wanted, "{path}");
            assert!(event == before && !event.is_modified(), "{path}");
        }
        (found, wanted) => panic!("{path}: {found:?} instead of {wanted:?}"),
    }
}

#[test]
fn unset_takes_out_keys_items_and_lists() {
    check_unset("K", Ok("gone"));
    check_unset("O", Ok("gone"));
    check_unset("O.x", Ok(r#"[{"y": 2}]"#));
    check_unset("L", Ok("gone"));
    check_unset("L[1]", Ok(r#"["b", "c"]"#));
    check_unset("L[#]", Ok(r#"["a", "b"]"#));
    check_unset("L[*]", Ok("gone"));
    check_unset("S[*]", Ok("gone"));
    check_unset("S.a", Ok(r#"[{"l": [1, 2]}, {"l": [3]}, {"b": 1}]"#));
    check_unset("S[*].a", Ok(r#"[{"l": [1, 2]}, {"l": [3]}, {"b": 1}]"#));
    check_unset("S[1].a", Ok(r#"[{"l": [1, 2]}, {"a": 2, "l": [3]}, {"b": 1}]"#));
    check_unset(
        "S[2].l[1]",
        Ok(r#"[{"a": 1, "l": [1, 2]}, {"a": 2, "l": []}, {"b": 1}]"#),
    );
    check_unset("S.l[2]", Ok(r#"[{"a": 1, "l": [1]}, {"a": 2, "l": [3]}, {"b": 1}]"#));
    check_unset("S.l[*]", Ok(r#"[{"a": 1}, {"a": 2}, {"b": 1}]"#));
}

#[test]
fn unset_of_what_is_missing_is_fine() {
    for path in [
        "none",
        "none.x",
        "none[1]",
        "none[*].x",
        "O.z",
        "L[4]",
        "S[9].a",
        "S.z",
        "S.l[7]",
        "S.z[*]",
    ] {
        check_unset(path, Ok(""));
    }
}

#[test]
fn unset_does_not_guess_at_wrong_containers() {
    let object = |name: &str| Err(SetError::ExpectedObject(name.to_owned()));
    let list = |name: &str| Err(SetError::ExpectedList(name.to_owned()));
    check_unset("K.x", object("K"));
    check_unset("L.x", object("L"));
    check_unset("L[1].x", object("L"));
    check_unset("K[1]", list("K"));
    check_unset("O[1]", list("O"));
    check_unset("O[*].x", list("O"));
    check_unset("S.a[1]", list("a"));
    // The second of three items is in the way: the first one stays too.
    check_unset("M.a.b", object("a"));
}

/// Paths over few names, so that they often lead somewhere and as often into the wrong kind of value.
fn path() -> impl Strategy<Value = IndexedPath> {
    let chunk = (
        "[KLOSMabxl]|Source|IP4|Port|ConnCount|Category",
        prop_oneof![
            3 => Just(""),
            1 => Just("[1]"),
            1 => Just("[2]"),
            1 => Just("[#]"),
            1 => Just("[*]"),
        ],
    )
        .prop_map(|(name, index)| format!("{name}{index}"));
    prop::collection::vec(chunk, 1..4).prop_map(|chunks| indexed(&chunks.join(".")))
}

fn event() -> impl Strategy<Value = Event> {
    let read = READ.trim_start_matches('{');
    let both = CHANGED.trim_end_matches('}').to_owned() + ", " + read;
    prop_oneof![Just(READ.to_owned()), Just(CHANGED.to_owned()), Just(both)].prop_map(|text| text.parse().unwrap())
}

proptest! {
    #[test]
    fn a_failed_change_leaves_the_event_equal(mut event in event(), changes in prop::collection::vec(
        (path(), prop_oneof![Just(Value::from("x")), Just(Value::from(1)), Just(Value::Null)], any::<(bool, bool)>()), 1..6,
    )) {
        for (path, value, (set, overwrite)) in changes {
            let before = event.clone();
            if set {
                let policy = SetPolicy { overwrite, ..SetPolicy::default() };
                let changed = event.set(&path, &value, policy);
                prop_assert!(changed == Ok(Change::Set) || event == before, "set {path}: {changed:?}");
            } else {
                let changed = event.unset(&path);
                prop_assert_eq!(changed == Ok(true), event != before, "unset {}: {:?}", path, changed);
            }
            let again: Event = event.to_json().parse().unwrap();
            prop_assert_eq!(again, event.clone());
        }
    }
}
