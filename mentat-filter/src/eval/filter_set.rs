//! Many programs over one record.

mod guard;
mod hash;
mod marks;
mod orders;
mod parts;
mod shared;
mod slot;

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::Program;
use super::atom::{Asks, Atom};
use super::error::EvalError;
use super::node::Verdict;
use super::test::{Test, TextTest};
use crate::clock::Clock;
use crate::net::IpSpan;
use crate::subject::Subject;
use guard::Guard;
use marks::Marks;
use shared::{Answer, Shared};
use slot::{Found, Slot};

/// Many programs that are evaluated over the same records; for each record it says which of them match.
///
/// The answer is that of evaluating one program after the other, errors included, but most programs that are false
/// cost nothing. The set knows for each what a record must hold before it can be anything but false: one of certain
/// texts, numbers, addresses or sizes in a certain field. Each such field is looked at once, and then only the
/// programs are evaluated that its values concern. Programs without such a condition are always evaluated. What
/// several programs begin with is evaluated once.
///
/// ```
/// # #[cfg(feature = "parse")] {
/// use mentat_filter::{Clock, Context, Filter, FilterSet, Matches, Value};
/// let texts = ["port = 22", "port in [80, 443] and name ?? '' = 'www'", "user = 'root'"];
/// let programs = texts.map(|text| Filter::parse(text).unwrap().compile::<Value>(&Context::new()).unwrap());
/// let set: FilterSet<Value> = programs.into_iter().collect();
///
/// let record = Value::Map([("port".to_owned(), Value::Int(22))].into());
/// let mut matches = Matches::new();
/// set.matches(&record, &Clock::system(), &mut matches);
/// assert_eq!(matches.matching(), [0]);
/// assert_eq!(matches.errors()[0].0, 2, "there is no user");
/// # }
/// ```
pub struct FilterSet<S: Subject> {
    programs: Vec<Program<S>>,
    slots: Vec<Slot<S::Field>>,
    /// The programs without a condition to look for.
    always: Marks,
    shared: Shared,
}

impl<S: Subject> FilterSet<S> {
    /// A set of programs, which keep their order.
    #[must_use]
    pub fn new(programs: Vec<Program<S>>) -> Self {
        let (slots, always) = index(&programs);
        let shared = Shared::of(&programs);
        Self {
            programs,
            slots,
            always,
            shared,
        }
    }

    /// The programs, in the order given.
    #[must_use]
    pub fn programs(&self) -> &[Program<S>] {
        &self.programs
    }

    /// Finds the programs whose result is the boolean true, as [`Program::matches`] has it, and those that fail.
    ///
    /// What `matches` held before is forgotten. Used again for record after record, it allocates nothing.
    pub fn matches(&self, subject: &S, clock: &Clock, matches: &mut Matches) {
        self.evaluate(subject, clock, matches, |verdict| verdict == Verdict::True);
    }

    /// Finds the programs whose result counts as true, as [`Program::truthy`] has it, and those that fail.
    pub fn truthy(&self, subject: &S, clock: &Clock, matches: &mut Matches) {
        self.evaluate(subject, clock, matches, |verdict| verdict != Verdict::False);
    }

    fn evaluate(&self, subject: &S, clock: &Clock, matches: &mut Matches, wanted: fn(Verdict) -> bool) {
        let Matches {
            found,
            answers,
            matching,
            errors,
        } = matches;
        matching.clear();
        errors.clear();
        found.marks.copy(&self.always);
        found.sure.clear(&self.always);
        for slot in &self.slots {
            slot.look(subject, found);
        }
        self.shared.begin(answers);
        for (rule, is_open) in found.marks.with(&found.sure) {
            if !is_open {
                matching.push(rule);
                continue;
            }
            if self.shared.rule_out(rule, subject, &self.programs, answers) {
                continue;
            }
            match self.programs.get(rule).map(|program| program.verdict(subject, clock)) {
                Some(Ok(verdict)) if wanted(verdict) => matching.push(rule),
                Some(Err(error)) => errors.push((rule, error)),
                _ => {}
            }
        }
    }
}

impl<S: Subject> FromIterator<Program<S>> for FilterSet<S> {
    fn from_iter<I: IntoIterator<Item = Program<S>>>(programs: I) -> Self {
        Self::new(programs.into_iter().collect())
    }
}

impl<S: Subject> fmt::Debug for FilterSet<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FilterSet({} programs)", self.programs.len())
    }
}

/// What the fields of a record say about which programs are to be evaluated, and the programs that always are.
fn index<S: Subject>(programs: &[Program<S>]) -> (Vec<Slot<S::Field>>, Marks) {
    let spread = Spread::of(programs);
    let mut always = Marks::none(programs.len());
    let mut slots = Vec::new();
    let mut places = HashMap::new();
    for (rule, program) in (0..).zip(programs) {
        let Some(guard) = Guard::of(&program.root, &|atom| spread.share(atom)) else {
            always.set(rule);
            continue;
        };
        let keys = guard.keys.into_iter().map(|atom| (atom, true));
        for (atom, is_key) in keys.chain(guard.watched.into_iter().map(|atom| (atom, false))) {
            let place = *places.entry(segments(atom)).or_insert_with(|| {
                slots.push(Slot::new(atom.field.clone()));
                slots.len() - 1
            });
            match slots.get_mut(place) {
                Some(slot) if is_key => slot.add_key(atom, rule, guard.is_sure),
                Some(slot) => slot.add_watch(atom, rule),
                None => {}
            }
        }
    }
    slots.iter_mut().for_each(Slot::finish);
    (slots, always)
}

/// Which programs of a [`FilterSet`] match a record, and which failed.
#[derive(Debug, Default)]
pub struct Matches {
    found: Found,
    answers: Vec<Answer>,
    matching: Vec<usize>,
    errors: Vec<(usize, EvalError)>,
}

impl Matches {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The positions of the matching programs, ascending.
    #[must_use]
    pub fn matching(&self) -> &[usize] {
        &self.matching
    }

    /// The positions of the programs that failed, ascending, and why.
    #[must_use]
    pub fn errors(&self) -> &[(usize, EvalError)] {
        &self.errors
    }
}

/// The names of the path that an atom looks at.
fn segments<F>(atom: &Atom<F>) -> &[Box<str>] {
    atom.path.as_ref().map_or(&[], |path| path.segments())
}

/// How many different constants the programs look for in each field: the more, the rarer is each.
struct Spread<'p> {
    texts: HashMap<&'p [Box<str>], HashSet<&'p str>>,
    integers: HashMap<&'p [Box<str>], HashSet<i128>>,
}

impl<'p> Spread<'p> {
    fn of<S: Subject>(programs: &'p [Program<S>]) -> Self {
        let mut spread = Self {
            texts: HashMap::new(),
            integers: HashMap::new(),
        };
        for program in programs {
            guard::each(&program.root, &mut |atom| match &atom.asks {
                Asks::Test(Test::Text(texts)) => spread.texts.entry(segments(atom)).or_default().extend(texts.iter()),
                Asks::Test(Test::Integer(integers)) => {
                    spread
                        .integers
                        .entry(segments(atom))
                        .or_default()
                        .extend(integers.iter());
                }
                _ => {}
            });
        }
        spread
    }

    /// A guess of how often an atom is true. Only the order of the guesses matters.
    #[expect(clippy::cast_precision_loss, reason = "a guess")]
    fn share<F>(&self, atom: &Atom<F>) -> f64 {
        let of = |wanted: usize, known: Option<usize>| wanted as f64 / (known.unwrap_or(0) + 2) as f64;
        match &atom.asks {
            Asks::Test(Test::Text(texts)) => of(texts.iter().count(), self.texts.get(segments(atom)).map(HashSet::len)),
            Asks::Test(Test::Integer(integers)) => of(
                integers.iter().count(),
                self.integers.get(segments(atom)).map(HashSet::len),
            ),
            Asks::Test(Test::Within(set) | Test::Either(set, _)) => {
                // Networks in use are neither as rare as their share of all addresses nor as common as each other.
                let prefix = |span: IpSpan| f64::from(span.family().width()) - (span.len() as f64).log2();
                set.spans().map(|span| (-prefix(span) / 3.0).exp2()).sum()
            }
            Asks::Test(Test::Fits(TextTest::Part(_))) => 0.05,
            Asks::Test(Test::Around(_)) => 0.1,
            Asks::Test(_) | Asks::Count(_) => 0.4,
            Asks::Member(_) => 0.9,
        }
    }
}
