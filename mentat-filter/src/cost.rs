//! What an evaluation costs, estimated from the tree.

use std::fmt;

use crate::ast::{Call, Comparison, Expr, ExprKind, Legacy, LegacyLevel, Literal};
use crate::filter::Filter;

/// How many items a list of the record is taken to have.
const ITEMS: u64 = 8;
/// What trying one regular expression on one text is taken to cost.
const PATTERN: u64 = 16;

/// What an evaluation of a filter costs about: how many values are looked up or compared with each other.
///
/// Every variable is taken to be a list of eight items, and all operands of `and` and `or` are counted. Finding a value
/// in a list of constants of one type takes as many comparisons as its length has binary digits, a regular expression
/// is worth 16, comparing two lists the product of their lengths. One step takes some nanoseconds. The number serves to
/// refuse what is far too expensive; [`Limits::steps`](crate::Limits) bounds what an evaluation really does.
///
/// Adding an operand to a filter never makes it cheaper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cost(u64);

impl Cost {
    /// The number of steps.
    #[must_use]
    pub const fn steps(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} steps", self.0)
    }
}

impl Filter {
    /// What an evaluation costs about.
    ///
    /// ```
    /// # #[cfg(feature = "parse")] {
    /// use mentat_filter::Filter;
    /// let cost = |text: &str| Filter::parse(text).unwrap().cost().steps();
    /// assert!(cost("port = 22") < cost("port = 22 and user = 'root'"));
    /// assert!(cost("port in [1, 2, 3]") < cost("name matches ['a', 'b', 'c']"));
    /// # }
    /// ```
    #[must_use]
    pub fn cost(&self) -> Cost {
        Cost(measure(self.ast()).steps)
    }
}

/// What a part costs, and how many items its value may have.
#[derive(Clone, Copy)]
struct Measure {
    steps: u64,
    items: u64,
    /// How many comparisons it takes to find a value among the items.
    search: u64,
}

impl Measure {
    const ONE: Self = Self {
        steps: 1,
        items: 1,
        search: 1,
    };

    /// One value, got in so many steps.
    const fn single(steps: u64) -> Self {
        Self { steps, ..Self::ONE }
    }

    fn list(steps: u64, items: u64) -> Self {
        let items = items.max(1);
        Self {
            steps,
            items,
            search: items,
        }
    }
}

fn measure(expr: &Expr) -> Measure {
    match &expr.kind {
        ExprKind::Literal(_) | ExprKind::Exists(_) | ExprKind::Legacy(Legacy::Bare(_)) => Measure::ONE,
        ExprKind::Variable(_) | ExprKind::Legacy(Legacy::Variable(_)) => Measure::list(1 + ITEMS, ITEMS),
        ExprKind::Default(_, default) => {
            let default = measure(default);
            Measure::list(default.steps.saturating_add(1 + ITEMS), default.items.max(ITEMS))
        }
        ExprKind::Compare(op, left, right) => compare(*op, measure(left), measure(right)),
        ExprKind::Call(call) => self::call(call),
        ExprKind::List(items) | ExprKind::Legacy(Legacy::List(items)) => list(items),
        ExprKind::Legacy(Legacy::Chain(_, links)) => {
            let (steps, most, product) = operands(expr);
            let comparing = links
                .first()
                .is_some_and(|link| link.op.level() == LegacyLevel::Compare);
            let computing = links
                .first()
                .is_some_and(|link| link.op.level() == LegacyLevel::Compute);
            let work = if comparing || computing { product } else { 1 };
            Measure::list(steps.saturating_add(work), if computing { most } else { 1 })
        }
        ExprKind::Chain(..) => {
            let (steps, most, _) = operands(expr);
            // Joined lists are as long as all of them together, and no longer than what was looked at.
            Measure::list(steps.saturating_add(most), steps)
        }
        ExprKind::And(_) | ExprKind::Or(_) | ExprKind::Legacy(Legacy::Exists(_)) => {
            let (steps, most, _) = operands(expr);
            Measure::list(steps.saturating_add(1), most)
        }
        ExprKind::Range(..) | ExprKind::Negate(_) | ExprKind::Not(_) => {
            Measure::single(operands(expr).0.saturating_add(1))
        }
        ExprKind::Legacy(Legacy::Not(_) | Legacy::Call(_)) => {
            let (steps, most, _) = operands(expr);
            Measure::list(steps.saturating_add(1), most)
        }
    }
}

/// The steps of all operands, the items of the longest, and the pairs of their items.
fn operands(expr: &Expr) -> (u64, u64, u64) {
    let (mut steps, mut most, mut product) = (0_u64, 1_u64, 1_u64);
    expr.operands(|operand| {
        let operand = measure(operand);
        steps = steps.saturating_add(operand.steps);
        most = most.max(operand.items);
        product = product.saturating_mul(operand.items);
    });
    (steps, most, product)
}

fn compare(op: Comparison, left: Measure, right: Measure) -> Measure {
    let work = match op {
        Comparison::Matches => left.items.saturating_mul(right.items).saturating_mul(PATTERN),
        Comparison::In | Comparison::AnyEqual | Comparison::NoneEqual => {
            let one = left.items.saturating_mul(right.search);
            let other = left.search.saturating_mul(right.items);
            one.min(other)
        }
        _ => left.items.saturating_mul(right.items),
    };
    Measure::single(left.steps.saturating_add(right.steps).saturating_add(work))
}

/// A list costs nothing when it consists of constants, and is a set when they are of one type.
fn list(items: &[Expr]) -> Measure {
    let count = u64::try_from(items.len()).unwrap_or(u64::MAX);
    let kind = |item: &Expr| match &item.kind {
        ExprKind::Literal(literal) => Some(std::mem::discriminant::<Literal>(literal)),
        _ => None,
    };
    let first = items.first().and_then(kind);
    if first.is_some() && items.iter().all(|item| kind(item) == first) {
        return Measure {
            steps: 1,
            items: count,
            search: u64::from(u64::BITS - count.leading_zeros()),
        };
    }
    let steps = items.iter().map(|item| measure(item).steps);
    Measure::list(steps.fold(1, u64::saturating_add), count)
}

fn call(call: &Call) -> Measure {
    let parts: Vec<Measure> = call.arguments.iter().map(measure).collect();
    let steps = parts.iter().fold(1_u64, |steps, part| steps.saturating_add(part.steps));
    let items = parts.iter().map(|part| part.items).fold(1, u64::max);
    match (&*call.name, parts.as_slice()) {
        ("any", [list, condition]) => Measure::single(list.steps.saturating_add(condition.steps.saturating_mul(ITEMS))),
        ("glob", [text, pattern]) => {
            let work = text.items.saturating_mul(pattern.items).saturating_mul(PATTERN);
            Measure::single(steps.saturating_add(work))
        }
        ("startswith" | "endswith" | "none_of" | "all_in" | "count", [left, right]) => {
            Measure::single(steps.saturating_add(left.items.saturating_mul(right.items)))
        }
        ("now" | "length" | "len" | "none_of" | "count", _) => Measure::single(steps),
        _ => Measure::list(steps.saturating_add(items), items),
    }
}
