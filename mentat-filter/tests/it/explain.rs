//! Why a filter answers what it answers.

use std::collections::BTreeMap;

use mentat_filter::{
    Clock, Context, Dialect, Explanation, ExprKind, Filter, Limits, NamedSet, Outcome, Presence, Subject, Value,
};
use proptest::prelude::*;

use crate::check::{record as random_record, tree};

fn map<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Map(BTreeMap::from(members.map(|(name, value)| (name.to_owned(), value))))
}

fn record() -> Value {
    let ip = |text: &str| Value::Ip(text.parse().unwrap());
    let source = |address: &str, port: i32| map([("IP4", vec![ip(address)].into()), ("Port", vec![port].into())]);
    map([
        ("Category", vec!["Recon.Scanning", "Attempt.Login"].into()),
        ("Count", 20.into()),
        (
            "Source",
            vec![source("10.0.0.1", 80), source("192.0.2.1", 22), source("192.0.2.2", 23)].into(),
        ),
    ])
}

fn explain(filter: &Filter) -> Explanation {
    let own: NamedSet = ["192.0.2.0/24".parse::<mentat_filter::IpSpan>().unwrap()]
        .into_iter()
        .collect();
    let context = Context::new().with_set("own", &own);
    filter.explain(&context, &record(), &Clock::system()).unwrap()
}

fn check(text: &str, expected: &str) {
    let got = explain(&Filter::parse(text).unwrap()).to_string();
    assert_eq!(got.trim_end(), expected, "{text}");
}

#[test]
fn values_and_what_was_not_looked_at() {
    check(
        "Count = 3 and zz = 1",
        "Count = 3 and zz = 1 => false\n  Count = 3 => false\n    Count => 20\n  zz = 1 => not looked at",
    );
    check(
        "zz = 1 or Count = 20",
        "zz = 1 or Count = 20 => error: variable not found
  zz = 1 => error: variable not found
    zz => error: variable not found
  Count = 20 => not looked at",
    );
    check("Count ?? zz", "Count ?? zz => 20\n  zz => not looked at");
    check("zz ?? Count", "zz ?? Count => 20\n  Count => 20");
    check(
        "not Count + 1 = 21",
        "not Count + 1 = 21 => false\n  Count + 1 = 21 => true\n    Count + 1 => 21\n      Count => 20",
    );
    check(
        "1 + 'x' - Count",
        "1 + \"x\" - Count => error: `+` is not defined between number and text\n  Count => not looked at",
    );
}

#[test]
fn items_that_decided() {
    check(
        "'Attempt.Login' in Category",
        "\"Attempt.Login\" in Category => true, by item 2 on the right: \"Attempt.Login\"
  Category => [\"Recon.Scanning\", \"Attempt.Login\"]",
    );
    check(
        "Source.IP4 in own",
        "Source.IP4 in own => true, by item 2 on the left: 192.0.2.1, by item 1 on the right: 192.0.2.0/24
  Source.IP4 => [10.0.0.1, 192.0.2.1, 192.0.2.2]
  own => [192.0.2.0/24]",
    );
    check(
        "Source.Port != 22",
        "Source.Port != 22 => false, by item 2 on the left: 22\n  Source.Port => [80, 22, 23]",
    );
    check(
        "Category matches ['^A', 'x']",
        "Category matches [\"^A\", \"x\"] => true, by item 2 on the left: \"Attempt.Login\"
  Category => [\"Recon.Scanning\", \"Attempt.Login\"]",
    );
    check(
        "startswith(Category, 'A')",
        "startswith(Category, \"A\") => true, by item 2 on the left: \"Attempt.Login\"
  Category => [\"Recon.Scanning\", \"Attempt.Login\"]",
    );
    check(
        "none_of(Source.Port > 100)",
        "none_of(Source.Port > 100) => true\n  Source.Port => [80, 22, 23]",
    );
}

#[test]
fn elements_one_by_one() {
    check(
        "any(Source, IP4 in own and Port = 22)",
        "any(Source, IP4 in own and Port = 22) => true
  element 1: IP4 in own and Port = 22 => false
    IP4 in own => false
      IP4 => [10.0.0.1]
      own => [192.0.2.0/24]
    Port = 22 => not looked at
  element 2: IP4 in own and Port = 22 => true
    IP4 in own => true, by item 1 on the left: 192.0.2.1, by item 1 on the right: 192.0.2.0/24
      IP4 => [192.0.2.1]
      own => [192.0.2.0/24]
    Port = 22 => true, by item 1 on the left: 22
      Port => [22]",
    );
    // What an element lacks is not so.
    check(
        "any(Source, Name = 'x' or Port = 80)",
        "any(Source, Name = \"x\" or Port = 80) => true
  element 1: Name = \"x\" or Port = 80 => true
    Name = \"x\" => false
      Name => error: variable not found
    Port = 80 => true, by item 1 on the left: 80
      Port => [80]",
    );
}

#[test]
fn the_legacy_dialect() {
    let filter = Filter::parse_dialect("Count == 20 or zz", Dialect::Pynspect, &Limits::default()).unwrap();
    assert_eq!(
        explain(&filter).to_string(),
        "Count == 20 or zz => true\n  Count == 20 => true\n    Count => [20]\n  zz => not looked at\n"
    );
}

#[test]
fn as_json() {
    let explanation = explain(&Filter::parse("Count in [1, 20] or \"\n'\" = zz").unwrap());
    let json: serde_json::Value = serde_json::from_str(&explanation.to_json()).unwrap();
    assert_eq!(
        (&json["outcome"], &json["type"], &json["value"]),
        (&"value".into(), &"boolean".into(), &"true".into())
    );
    assert_eq!(
        json["parts"][0]["right"],
        serde_json::json!({"place": 2, "value": "20"})
    );
    assert_eq!(json["parts"][1]["outcome"], "skipped");
    assert_eq!(json["parts"][1]["start"], 20);
}

#[test]
fn what_is_long_is_cut_and_what_is_much_ends() {
    let items = vec!["1000"; 50_000].join(", ");
    let explanation = explain(&Filter::parse(&format!("Count in [{items}]")).unwrap());
    assert!(explanation.to_string().len() < 500);
    let mut limits = Limits::default();
    limits.steps = 1000;
    let filter = Filter::parse_with("a > b or a > b", &limits).unwrap();
    let list = |item: i32| Value::from(vec![item; 25]);
    let record = map([("a", list(1)), ("b", list(2))]);
    let explanation = filter.explain(&Context::new(), &record, &Clock::system()).unwrap();
    assert!(explanation.to_string().contains("too many steps"), "{explanation}");
}

/// The values of the operands that were looked at lead to the value of the node.
fn agrees(expr: &mentat_filter::Expr, explanation: &Explanation) {
    let looked_at = || {
        explanation
            .parts
            .iter()
            .take_while(|part| part.outcome != Outcome::Skipped)
    };
    match (&expr.kind, &explanation.outcome) {
        (_, Outcome::Skipped) => return assert!(explanation.parts.is_empty()),
        (ExprKind::And(_) | ExprKind::Or(_), outcome) => {
            assert_eq!(
                looked_at().last().map(|part| &part.outcome),
                Some(outcome),
                "{explanation}"
            );
        }
        (ExprKind::Compare(..), Outcome::Value(_)) => {
            assert!(looked_at().all(|part| part.outcome.value().is_some()));
        }
        _ => {}
    }
    let mut operands = Vec::new();
    expr.operands(|operand| operands.push(operand));
    if operands.len() == explanation.parts.len() && !matches!(expr.kind, ExprKind::Call(_)) {
        operands
            .iter()
            .zip(&explanation.parts)
            .for_each(|(operand, part)| agrees(operand, part));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_root_is_the_answer(tree in tree(), record in random_record(), lenient in any::<bool>()) {
        let filter = Filter::from(tree);
        let filter = if lenient { filter.lenient() } else { filter };
        let clock = Clock::at(jiff::Timestamp::UNIX_EPOCH);
        let explanation = filter.explain(&Context::new(), &record, &clock).unwrap();
        let program = filter.compile::<Value>(&Context::new()).unwrap();
        prop_assert_eq!(&explanation.outcome, &Outcome::from(program.evaluate(&record, &clock)), "{}", filter);
        if !lenient {
            agrees(filter.ast(), &explanation);
        }
        let json: serde_json::Value = serde_json::from_str(&explanation.to_json()).unwrap();
        prop_assert!(json["parts"].is_array());
    }
}

/// A record that is no tree of values can be explained as well.
#[test]
fn any_subject() {
    struct Port(u16);

    impl Subject for Port {
        type Field = bool;

        fn bind(path: &mentat_filter::Path) -> bool {
            path.to_string() == "port"
        }

        fn visit(
            &self,
            field: &bool,
            see: &mut dyn FnMut(mentat_filter::ValueRef<'_>) -> std::ops::ControlFlow<()>,
        ) -> Presence {
            if !field {
                return Presence::Missing;
            }
            let _ = see(mentat_filter::ValueRef::Int(self.0.into()));
            Presence::One
        }
    }

    let filter = Filter::parse("port = 22 and zz ?? 1 = 1").unwrap();
    let explanation = filter.explain(&Context::new(), &Port(22), &Clock::system()).unwrap();
    assert_eq!(explanation.outcome, Outcome::Value(true.into()));
}
