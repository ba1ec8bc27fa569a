//! The index of one field: which rules its values concern.

use std::ops::ControlFlow;

use super::hash::Table;
use super::marks::Marks;
use super::orders::Orders;
use super::parts::Parts;
use crate::eval::atom::{Asks, Atom};
use crate::eval::test::{Scalar, Test, TextTest};
use crate::net::{IpSpan, SpanTable};
use crate::subject::{Presence, Subject};
use crate::value::ValueRef;

/// Types as atoms tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Int,
    Float,
    Ip,
    Time,
    Duration,
    Other,
}

impl Kind {
    const ALL: [Self; 7] = [
        Self::Text,
        Self::Int,
        Self::Float,
        Self::Ip,
        Self::Time,
        Self::Duration,
        Self::Other,
    ];

    const fn of(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Str(_) => Self::Text,
            ValueRef::Int(_) => Self::Int,
            ValueRef::Float(_) => Self::Float,
            ValueRef::Ip(_) => Self::Ip,
            ValueRef::Time(_) => Self::Time,
            ValueRef::Duration(_) => Self::Duration,
            _ => Self::Other,
        }
    }

    /// Whether a test has an answer for values of this kind.
    const fn suits(self, test: &Test) -> bool {
        match test {
            Test::Text(_) | Test::Fits(_) => matches!(self, Self::Text),
            Test::Integer(_) => matches!(self, Self::Int),
            Test::Within(_) | Test::Either(..) | Test::Around(_) => matches!(self, Self::Ip),
            Test::Order(_, constant) | Test::Between(constant, _) => match constant {
                Scalar::Int(_) | Scalar::Float(_) => matches!(self, Self::Int | Self::Float),
                Scalar::Time(_) => matches!(self, Self::Time),
                Scalar::Duration(_) => matches!(self, Self::Duration),
            },
        }
    }
}

/// Rules, ascending.
type Rules = Vec<u32>;

/// The rules that look for one constant.
#[derive(Clone, Debug, Default)]
struct Seekers {
    /// Those that look for nothing else: they are true, unless something makes them be evaluated.
    sure: Rules,
    others: Rules,
}

impl Seekers {
    fn add(&mut self, rule: u32, is_sure: bool) {
        let rules = if is_sure { &mut self.sure } else { &mut self.others };
        rules.push(rule);
    }

    #[inline]
    fn mark(&self, found: &mut Found) {
        found.sure.set_all(&self.sure);
        found.marks.set_all(&self.others);
    }
}

/// What the values of a record say about the rules.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// To be evaluated.
    pub(super) marks: Marks,
    /// True, unless they are to be evaluated.
    pub(super) sure: Marks,
}

/// The rules that look at one field, by what the field must hold for them to be evaluated.
#[derive(Debug)]
pub(super) struct Slot<F> {
    field: F,
    /// When it is missing.
    missing: Rules,
    /// When it is no list.
    single: Rules,
    /// When it is a list.
    many: Rules,
    /// When it is a list of so many items.
    counts: Orders,
    /// When it has a value of a kind.
    kinds: [Rules; Kind::ALL.len()],
    texts: Table<Box<str>, Seekers>,
    parts: Parts,
    integers: Table<i128, Seekers>,
    sizes: Orders,
    /// When it has an address or span inside a network.
    networks: SpanTable<Seekers>,
    /// When it has one inside a range that is no network.
    ranges: SpanTable<Seekers>,
    /// When it has a span of several addresses, which may be around the one looked for.
    wide: Rules,
    /// The spans of both tables while the index is made.
    spans: Table<IpSpan, Seekers>,
}

impl<F> Slot<F> {
    pub(super) fn new(field: F) -> Self {
        Self {
            field,
            missing: Rules::new(),
            single: Rules::new(),
            many: Rules::new(),
            counts: Orders::default(),
            kinds: Default::default(),
            texts: Table::default(),
            parts: Parts::default(),
            integers: Table::default(),
            sizes: Orders::default(),
            networks: SpanTable::default(),
            ranges: SpanTable::default(),
            wide: Rules::new(),
            spans: Table::default(),
        }
    }

    /// The rule is to be evaluated when the atom is true or has no answer; where `is_sure`, it is true with the atom.
    pub(super) fn add_key(&mut self, atom: &Atom<F>, rule: u32, is_sure: bool) {
        if atom.when_missing == Some(true) {
            self.missing.push(rule);
        }
        self.add_watch(atom, rule);
        match &atom.asks {
            Asks::Test(test) => self.add_test(test, rule, is_sure),
            Asks::Count(test @ (Test::Order(..) | Test::Between(..))) => self.counts.add(test, rule),
            Asks::Count(_) => self.many.push(rule),
            Asks::Member(_) => self.kinds.iter_mut().for_each(|rules| rules.push(rule)),
        }
    }

    /// The rule is to be evaluated when the atom has no answer.
    pub(super) fn add_watch(&mut self, atom: &Atom<F>, rule: u32) {
        if atom.when_missing.is_none() {
            self.missing.push(rule);
        }
        if atom.lists_only {
            self.single.push(rule);
        }
        if let Asks::Test(test) = &atom.asks {
            for (kind, rules) in Kind::ALL.iter().zip(&mut self.kinds) {
                if !kind.suits(test) {
                    rules.push(rule);
                }
            }
        }
    }

    fn add_test(&mut self, test: &Test, rule: u32, is_sure: bool) {
        match test {
            Test::Text(texts) => {
                for text in texts.iter() {
                    self.texts.entry(text.into()).or_default().add(rule, is_sure);
                }
            }
            Test::Fits(TextTest::Part(part)) => self.parts.add(part, rule),
            Test::Fits(_) => {
                let texts = self.kinds.get_mut(Kind::Text as usize);
                texts.into_iter().for_each(|texts| texts.push(rule));
            }
            Test::Integer(integers) => {
                for integer in integers.iter() {
                    self.integers.entry(integer).or_default().add(rule, is_sure);
                }
            }
            Test::Order(..) | Test::Between(..) => self.sizes.add(test, rule),
            Test::Within(set) => self.add_spans(set.spans(), rule, is_sure),
            // An address contains itself only, so that containing and being contained are the same for it.
            Test::Either(set, _) => {
                self.add_spans(set.spans(), rule, is_sure);
                self.wide.push(rule);
            }
            Test::Around(set) => {
                self.add_spans(set.spans().filter(IpSpan::is_single), rule, is_sure);
                self.wide.push(rule);
            }
        }
    }

    fn add_spans(&mut self, spans: impl Iterator<Item = IpSpan>, rule: u32, is_sure: bool) {
        for span in spans {
            self.spans.entry(span).or_default().add(rule, is_sure);
        }
    }

    /// To be called once when all rules were added.
    pub(super) fn finish(&mut self) {
        let lists = [&mut self.missing, &mut self.single, &mut self.many, &mut self.wide];
        for rules in lists.into_iter().chain(&mut self.kinds) {
            // A rule may have several atoms about one field.
            rules.dedup();
            rules.shrink_to_fit();
        }
        self.counts.sort();
        self.sizes.sort();
        // Networks only nest, which is what a table is fastest at.
        let (networks, ranges): (Vec<_>, Vec<_>) = std::mem::take(&mut self.spans)
            .into_iter()
            .partition(|(span, _)| span.prefix().is_some());
        self.networks = SpanTable::new(networks);
        self.ranges = SpanTable::new(ranges);
    }

    /// Marks the rules that the values concern.
    pub(super) fn look<S: Subject<Field = F>>(&self, subject: &S, found: &mut Found) {
        let mut count = 0;
        let presence = subject.visit(&self.field, &mut |value| {
            count += 1;
            self.see(value, found);
            ControlFlow::Continue(())
        });
        let marks = &mut found.marks;
        match presence {
            Presence::Missing => marks.set_all(&self.missing),
            Presence::One => marks.set_all(&self.single),
            Presence::Many => {
                marks.set_all(&self.many);
                self.counts.mark(ValueRef::Int(count), marks);
            }
        }
    }

    fn see(&self, value: ValueRef<'_>, found: &mut Found) {
        if let Some(rules) = self.kinds.get(Kind::of(value) as usize) {
            found.marks.set_all(rules);
        }
        match value {
            ValueRef::Str(text) => {
                if let Some(seekers) = self.texts.get(text) {
                    seekers.mark(found);
                }
                self.parts.mark(text, &mut found.marks);
            }
            ValueRef::Int(integer) => {
                if let Some(seekers) = self.integers.get(&integer) {
                    seekers.mark(found);
                }
                self.sizes.mark(value, &mut found.marks);
            }
            ValueRef::Float(_) | ValueRef::Time(_) | ValueRef::Duration(_) => self.sizes.mark(value, &mut found.marks),
            ValueRef::Ip(span) => {
                for table in [&self.networks, &self.ranges] {
                    table.all(&span).for_each(|(_, seekers)| seekers.mark(found));
                }
                if !span.is_single() {
                    found.marks.set_all(&self.wide);
                }
            }
            _ => {}
        }
    }
}
