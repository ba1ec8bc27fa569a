//! The items that decided.

use super::{Explainer, Explanation, Item, Outcome};
use crate::ast::{Call, Comparison, Expr};
use crate::eval::{Program, compare};
use crate::path::Path;
use crate::subject::Subject;
use crate::value::Value;

impl<S: Subject> Explainer<'_, S> {
    /// Finds the items that made a comparison true; `!=` is false because of items that are equal.
    pub(super) fn find_items(&self, explanation: &mut Explanation, op: Comparison, pattern: &Expr) {
        let (op, decided) = match op {
            Comparison::NoneEqual => (Comparison::AnyEqual, false),
            op => (op, true),
        };
        let [left, right] = explanation.parts.as_slice() else {
            return;
        };
        let (Some(left), Some(right)) = (left.outcome.value(), right.outcome.value()) else {
            return;
        };
        if explanation.outcome != Outcome::Value(Value::Bool(decided)) || op == Comparison::Equals {
            return;
        }
        if op == Comparison::Matches {
            let test = |item: Expr| Expr::compare(item, Comparison::Matches, pattern.clone());
            explanation.left = self.find_passing(left, test);
            return;
        }
        let holds = |left: &Value, right: &Value| compare(op, left.view(), right.view(), self.meter) == Ok(true);
        let on_left = find(left, |item| holds(item, right));
        let single = on_left.as_ref().map_or(left, |item| &item.value);
        let on_right = match op {
            Comparison::Contains => None,
            // A member may be an item, or hold the value.
            Comparison::In => find(right, |item| holds(single, &Value::List(vec![item.clone()]))),
            _ => find(right, |item| holds(single, item)),
        };
        explanation.left = on_left;
        explanation.right = on_right;
    }

    /// Finds the text that passed a test.
    pub(super) fn find_text(&self, explanation: &mut Explanation, call: &Call) {
        let [_, part] = call.arguments.as_slice() else { return };
        if matches!(&*call.name, "startswith" | "endswith" | "glob")
            && explanation.outcome == Outcome::Value(Value::Bool(true))
            && let Some(operand) = explanation.parts.first().and_then(|part| part.outcome.value())
        {
            let test = |item: Expr| Expr::call(&call.name, [item, part.clone()]);
            explanation.left = self.find_passing(operand, test);
        }
    }

    /// The first item of a list for which a test, whose other operand does not depend on the record, holds.
    fn find_passing(&self, list: &Value, test: impl FnOnce(Expr) -> Expr) -> Option<Item> {
        let test = test(Expr::variable(Path::parse(".item").ok()?));
        let program = Program::<Value>::compile_part(&test, self.context, self.options, false).ok()?;
        find(list, |item| {
            let record = Value::Map([("item".to_owned(), item.clone())].into());
            program.evaluate_within(&record, self.clock, self.meter) == Ok(Value::Bool(true))
        })
    }
}

fn find(list: &Value, holds: impl Fn(&Value) -> bool) -> Option<Item> {
    let Value::List(items) = list else { return None };
    let at = items.iter().position(holds)?;
    Some(Item {
        place: at + 1,
        value: items.get(at)?.clone(),
    })
}
