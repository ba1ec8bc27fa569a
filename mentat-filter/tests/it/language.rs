//! What our dialect has beyond the reference: `!=`, patterns, questions about items, named sets, comments.

use std::collections::BTreeMap;

use mentat_filter::{
    Clock, CompileErrorKind, Context, EvalErrorKind, Filter, Function, FunctionError, IpSpan, Limits, NamedSet, Value,
};

fn map<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Map(BTreeMap::from(members.map(|(name, value)| (name.to_owned(), value))))
}

fn ip(text: &str) -> Value {
    Value::Ip(text.parse().unwrap())
}

fn record() -> Value {
    let source =
        |address: &str, ports: Vec<i32>| map([("IP4", Value::List(vec![ip(address)])), ("Port", ports.into())]);
    map([
        ("Category", vec!["Recon.Scanning", "Attempt.Login"].into()),
        ("Description", "SSH brute force, 12 tries".into()),
        ("ConnCount", 20.into()),
        ("Empty", Value::List(vec![])),
        ("Mixed", Value::List(vec!["a".into(), 1.into()])),
        (
            "Source",
            Value::List(vec![
                source("10.0.0.1", vec![80]),
                source("192.0.2.1", vec![22, 443]),
                map([("Hostname", vec!["mail.example.org"].into())]),
            ]),
        ),
    ])
}

fn run(text: &str, context: &Context) -> Result<Value, String> {
    let filter = Filter::parse(text).map_err(|errors| errors.to_string())?;
    // The canonical text means the same.
    let printed = filter.to_string();
    assert_eq!(Filter::parse(&printed).as_ref(), Ok(&filter), "{printed}");
    let program = filter.compile::<Value>(context).map_err(|errors| errors.to_string())?;
    let (record, clock) = (record(), Clock::system());
    let value = program.evaluate(&record, &clock);
    let truthy = program.truthy(&record, &clock);
    assert_eq!(
        truthy,
        value.as_ref().map(Value::is_truthy).map_err(|error| *error),
        "{text}"
    );
    value.map_err(|error| format!("{} {}", error.code(), error.kind()))
}

fn check(text: &str, expected: impl Into<Value>) {
    assert_eq!(run(text, &Context::new()), Ok(expected.into()), "{text}");
}

fn fails(text: &str, part: &str) {
    let error = run(text, &Context::new()).unwrap_err();
    assert!(error.contains(part), "{text}: {error}");
}

#[test]
fn differs_from() {
    check("ConnCount != 3", true);
    check("ConnCount != 20", false);
    check("Category != 'Recon.Scanning'", false);
    check("Category != 'Other'", true);
    check("Source.IP4 != 10.0.0.0/8", false);
    check("Empty != 1", true);
    check("1 != 2 and not 1 != 1", true);
    fails("ConnCount != 'x'", "`!=` is not defined between number and text");
    fails("zz != 1", "F0301");
}

#[test]
fn patterns() {
    check("Description matches 'brute|dict'", true);
    check("Description matches '^brute'", false);
    check("Description matches '(?i)ssh'", true);
    check("Category matches ['^Attempt', '^Other']", true);
    check("Category matches []", false);
    check("Empty matches 'x'", false);
    check("Source.Hostname ?? [] matches 'example'", true);
    check("zz ?? '' matches '^$'", true);
    check("zz ?? [] matches '.'", false);
    check("'a' . 'b' matches 'ab'", true);
    fails(
        "ConnCount matches '2'",
        "`matches` is not defined between number and text",
    );
    fails("Mixed matches 'zz'", "F0302");
    fails("Description matches Description", "F0403");
    fails("Description matches 1", "F0403");
    fails("Description matches '('", "bad regular expression: unclosed group");
    fails("Description matches '\\w{1000}{1000}'", "bytes when compiled");
}

#[test]
fn wildcards_and_ends_of_texts() {
    check("glob(Category, 'Recon.*')", true);
    check("glob(Category, 'Recon')", false);
    check("glob(Category, ['x*', '*.Logi?'])", true);
    check("glob(Description, '*\n*')", false);
    check("glob('a+b', 'a+b') and not glob('aab', 'a+b')", true);
    check("startswith(Category, 'Attempt.')", true);
    check("startswith(Category, ['x', 'y'])", false);
    check("endswith(Description, 'tries')", true);
    check("endswith(zz ?? [], 'tries')", false);
    fails("startswith(ConnCount, '2')", "F0308");
    fails("startswith(Description, Description)", "F0403");
}

#[test]
fn letters_of_another_case() {
    check("lower(Description) contains 'ssh'", true);
    check("upper(Category) = 'ATTEMPT.LOGIN'", true);
    check("lower('ÄB')", "äb");
    fails("lower(ConnCount)", "F0308");
    fails("lower()", "F0402");
}

#[test]
fn questions_about_items() {
    check("none_of(Category, ['Other', 'Test'])", true);
    check("none_of(Category, ['Other', 'Attempt.Login'])", false);
    check("none_of(Source.Port < 22)", true);
    check("all_in(Source.Port, 1 .. 443)", true);
    check("all_in(Source.Port, [22, 80])", false);
    check("all_in(Source.IP4, [10.0.0.0/8, 192.0.2.0/24])", true);
    check("all_in(Empty, [1])", true);
    check("all_in(ConnCount, [20])", true);
    check("count(Source.Port, [22, 80])", 2);
    check("count(Source.Port > 50)", 2);
    check("count(Empty, [1]) = 0", true);
    fails("all_in(zz, [1])", "F0301");
    fails("count(Source.Port)", "F0402");
    fails("none_of(Category = 1)", "F0302");
}

#[test]
fn one_element_meets_all_conditions() {
    check("Source.IP4 in 10.0.0.0/8 and Source.Port = 22", true);
    check("any(Source, IP4 in 10.0.0.0/8 and Port = 22)", false);
    check("any(Source, IP4 in 192.0.2.0/24 and Port = 22)", true);
    // What an element lacks is not so, and not an error.
    check("any(Source, Hostname = 'mail.example.org')", true);
    check("any(Source, Nothing = 1)", false);
    check("any(Source, Hostname?? and not IP4??)", true);
    check("any(Source ?? [], Port = 80)", true);
    check("any(zz, Port = 80)", false);
    check("any(Category, Port = 80)", false);
    check("not any(Source, Port = 23)", true);
    fails("any([1, 2], a = 1)", "F0405");
    fails("any(Source)", "F0402");
    fails("any(Source, Port = 'x')", "F0302");
}

#[test]
fn comments() {
    check("1 = 1 # one is one", true);
    check("# first\n1 = # 'half a quote, and ((((\n 1", true);
    check("'#' = \"#\"", true);
    fails("1 = 1 # or 2\n3", "line 2, column 1");
}

#[test]
fn sets_that_change() {
    let own: NamedSet = [ip("10.0.0.0/8"), ip("172.16.0.0/12")].into_iter().collect();
    let names: NamedSet = (0..100).map(|n| format!("n{n}")).collect();
    let mixed: NamedSet = [Value::from("Recon.Scanning"), 20.into()].into_iter().collect();
    let context = Context::new()
        .with_set("own", &own)
        .with_set("names", &names)
        .with_set("mixed", &mixed);
    let check = |text: &str, expected: bool| assert_eq!(run(text, &context), Ok(expected.into()), "{text}");
    check("Source.IP4 in own", true);
    check("192.0.2.1 in own", false);
    check("any(Source, IP4 in own and Port = 80)", true);
    check("zz ?? [] in own", false);
    check("Category in names", false);
    check("'n42' in names", true);
    check("Category in mixed", true);
    check("ConnCount in mixed", true);
    check("length(names) = 100", true);
    check("all_in(Source.IP4, own)", false);
    check("own??", true);
    own.replace([ip("192.0.2.0/24")]);
    check("Source.IP4 in own", true);
    check("10.0.0.1 in own", false);
    own.replace(Vec::<IpSpan>::new());
    check("Source.IP4 in own", false);
}

#[test]
fn a_running_program_sees_the_new_members() {
    let set: NamedSet = ["a"].into_iter().collect();
    let context = Context::new().with_set("set", &set);
    let program = Filter::parse("x in set").unwrap().compile::<Value>(&context).unwrap();
    let record = map([("x", "b".into())]);
    let clock = Clock::system();
    assert_eq!(program.matches(&record, &clock), Ok(false));
    set.replace(["a", "b"]);
    assert_eq!(program.matches(&record, &clock), Ok(true));
}

#[test]
fn functions_of_the_embedder() {
    let half = Function::new(1..=1, |arguments| match arguments {
        [Value::Int(0)] => Err(FunctionError::Failed("nothing to halve")),
        [Value::Int(number)] => Ok(Value::Int(number / 2)),
        [other, ..] => Err(FunctionError::Argument(other.kind())),
        [] => Ok(Value::Null),
    });
    let context = Context::new().with_function("half", half);
    assert_eq!(run("half(ConnCount) = 10", &context), Ok(true.into()));
    assert_eq!(run("half(8)", &context), Ok(4.into()));
    assert_eq!(
        run("half('x')", &context),
        Err("F0308 the function does not take a value of type text".to_owned())
    );
    assert_eq!(
        run("half(0)", &context),
        Err("F0309 the function failed: nothing to halve".to_owned())
    );
    assert!(
        run("half(1, 2)", &context)
            .unwrap_err()
            .contains("half() takes 1 argument, not 2")
    );
    assert!(run("halve(1)", &context).unwrap_err().contains("did you mean `half`?"));
}

#[test]
fn lenient_filters() {
    let check = |text: &str, expected: bool| {
        let program = Filter::parse(text)
            .unwrap()
            .lenient()
            .compile::<Value>(&Context::new())
            .unwrap();
        let (record, clock) = (record(), Clock::system());
        assert_eq!(program.matches(&record, &clock), Ok(expected), "{text}");
        assert_eq!(program.evaluate(&record, &clock), Ok(expected.into()), "{text}");
    };
    check("zz = 1", false);
    check("not zz = 1", true);
    check("zz != 1", true);
    check("zz in [1] or ConnCount = 20", true);
    check("[1] in zz or zz + 1 > 2", false);
    check("zz and 1 = 1", false);
    check("not zz", true);
    check("zz matches 'x' or startswith(zz, 'x') or length(zz) > 0", false);
    check("(zz = 1) == (ConnCount = 3)", true);
    check("none_of(zz, [1])", false);
    let strict = Filter::parse("Description > 1").unwrap().lenient();
    let error = strict
        .compile::<Value>(&Context::new())
        .unwrap()
        .matches(&record(), &Clock::system());
    assert_eq!(error.unwrap_err().code(), "F0302");
}

#[test]
fn an_evaluation_ends_after_so_many_steps() {
    let mut limits = Limits::default();
    limits.steps = 1_000;
    let matches = |text: &str, count: usize| {
        let list = |item: i32| Value::from(vec![item; count]);
        let record = map([("a", list(1)), ("b", list(2))]);
        let filter = Filter::parse_with(text, &limits).unwrap();
        filter
            .compile::<Value>(&Context::new())
            .unwrap()
            .truthy(&record, &Clock::system())
    };
    for text in ["a > b", "none_of(a > b)", "a . a . a . a . a . a"] {
        assert!(matches(text, 2).is_ok(), "{text}");
        let error = matches(text, 500).unwrap_err();
        assert_eq!(error.kind(), EvalErrorKind::TooManySteps, "{text}");
    }
}

#[test]
fn words_of_ours_remain_names() {
    let record = map([("matches", 1.into()), ("any", 2.into()), ("count", 3.into())]);
    let program = Filter::parse("matches = 1 and any = 2 and zz ?? matches = 1 and count = 3").unwrap();
    let program = program.compile::<Value>(&Context::new()).unwrap();
    assert_eq!(program.matches(&record, &Clock::system()), Ok(true));
}

#[test]
fn all_mistakes_of_a_program_are_told() {
    let errors = Filter::parse("foo(1) and a matches b and any(1, 2)").unwrap();
    let errors = errors.compile::<Value>(&Context::new()).unwrap_err();
    let kinds: Vec<&CompileErrorKind> = errors.errors().iter().map(|error| error.kind()).collect();
    assert_eq!(kinds.len(), 3, "{errors}");
}

#[test]
fn every_example_of_the_reference_is_a_filter() {
    let mut examples = 0;
    for block in mentat_filter::reference::LANGUAGE.split("```filter\n").skip(1) {
        for line in block.split("```").next().unwrap().lines() {
            let filter = Filter::parse(line).unwrap_or_else(|errors| panic!("{errors}"));
            filter
                .compile::<Value>(&Context::new())
                .unwrap_or_else(|errors| panic!("{errors}"));
            examples += 1;
        }
    }
    assert!(examples >= 6);
}

#[test]
fn every_function_is_in_the_reference() {
    for name in [
        "length",
        "len",
        "now",
        "lower",
        "upper",
        "startswith",
        "endswith",
        "glob",
        "any",
        "all_in",
        "none_of",
        "count",
    ] {
        assert!(
            mentat_filter::reference::LANGUAGE.contains(&format!("`{name}(")),
            "{name}"
        );
    }
}
