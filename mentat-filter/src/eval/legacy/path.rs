//! Where an indexed path leads.

use std::ops::ControlFlow;

use crate::ast::{LegacyIndex, LegacyStep};
use crate::value::{Sequence, ValueRef};

/// Shows every value that a path leads to, in the order of the record.
///
/// A step takes the value of its key from a map and nothing from anything else. Of a list it goes on with the item of
/// its index, or without one with all items. An index asks for a list.
pub(in crate::eval) fn look_up(node: ValueRef<'_>, steps: &[LegacyStep], see: &mut dyn FnMut(ValueRef<'_>)) {
    let Some((step, rest)) = steps.split_first() else {
        return see(node);
    };
    let ValueRef::Map(entries) = node else { return };
    entries.get(&step.name, &mut |value| match (value, step.index) {
        (ValueRef::List(items), None) => items.each(&mut |item| {
            look_up(item, rest, see);
            ControlFlow::Continue(())
        }),
        (ValueRef::List(items), Some(index)) => {
            let wanted = match index {
                LegacyIndex::Nth(n) => n,
                LegacyIndex::Last => items.len(),
                LegacyIndex::FromEnd(_) => 0,
            };
            nth(items, wanted, &mut |item| look_up(item, rest, see));
        }
        (value, None) => look_up(value, rest, see),
        (_, Some(_)) => {}
    });
}

/// Shows one item, counted from 1, if it is there.
fn nth(items: &dyn Sequence, wanted: usize, see: &mut dyn FnMut(ValueRef<'_>)) {
    let mut at = 0;
    items.each(&mut |item| {
        at += 1;
        if at < wanted || wanted == 0 {
            return ControlFlow::Continue(());
        }
        see(item);
        ControlFlow::Break(())
    });
}
