//! Constants that values are compared with by size.

use std::cmp::Ordering;

use super::marks::Marks;
use crate::ast::Comparison;
use crate::eval::compare::order;
use crate::eval::test::{Scalar, Test};
use crate::value::ValueRef;

/// The rules that ask for values above or below a constant, sorted so that those that a value satisfies come first.
#[derive(Debug, Default)]
pub(super) struct Orders {
    /// Ascending.
    from: Vec<(Scalar, u32)>,
    /// Descending.
    up_to: Vec<(Scalar, u32)>,
}

impl Orders {
    /// Adds a rule that is about sizes.
    pub(super) fn add(&mut self, test: &Test, rule: u32) {
        match test {
            Test::Order(Comparison::Less | Comparison::LessOrEqual, constant) => self.up_to.push((*constant, rule)),
            // For equality and for what lies between two constants the lower end decides.
            Test::Order(_, constant) | Test::Between(constant, _) => self.from.push((*constant, rule)),
            _ => {}
        }
    }

    pub(super) fn sort(&mut self) {
        // Nothing is above or below what is not a number.
        let is_number = |(constant, _): &(Scalar, u32)| order(constant.view(), constant.view()).is_some();
        self.from.retain(is_number);
        self.up_to.retain(is_number);
        let by_size =
            |one: &(Scalar, u32), other: &(Scalar, u32)| order(one.0.view(), other.0.view()).unwrap_or(Ordering::Equal);
        self.from.sort_by(by_size);
        self.up_to.sort_by(|one, other| by_size(other, one));
    }

    pub(super) fn mark(&self, value: ValueRef<'_>, marks: &mut Marks) {
        let satisfied = |side: &[(Scalar, u32)], wanted: fn(Ordering) -> bool| {
            side.partition_point(|(constant, _)| order(value, constant.view()).is_some_and(wanted))
        };
        for (_, rule) in self.from.iter().take(satisfied(&self.from, Ordering::is_ge)) {
            marks.set(*rule);
        }
        for (_, rule) in self.up_to.iter().take(satisfied(&self.up_to, Ordering::is_le)) {
            marks.set(*rule);
        }
    }
}
