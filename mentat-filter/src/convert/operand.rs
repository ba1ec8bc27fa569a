//! Operands of comparisons and computations.

use jiff::SignedDuration;

use super::condition::has_values;
use super::{ConvertErrorKind, Converter, constant_of, empty, literal};
use crate::ast::{
    Arithmetic, Call, Comparison, Expr, ExprKind, Legacy, LegacyLevel, LegacyLink, LegacyOperator, LegacyPath, Literal,
};
use crate::path::Path;

/// What stands on one side of an operator.
pub(super) enum Operand {
    /// A variable.
    Variable(Path),
    /// Constants, one or more.
    Constants(Vec<Literal>),
    /// Numbers, times or durations that are computed from these variables, which may be named more than once.
    Computed(Expr, Vec<Path>),
}

impl Operand {
    /// The operand as a value; a missing variable is an empty list.
    fn value(&self) -> Expr {
        match self {
            Self::Variable(path) => variable(path.clone()),
            Self::Constants(constants) => match constants.as_slice() {
                [only] => constant(only.clone()),
                several => list(several),
            },
            Self::Computed(expr, _) => expr.clone(),
        }
    }

    fn variables(&self) -> &[Path] {
        match self {
            Self::Variable(path) => std::slice::from_ref(path),
            Self::Constants(_) => &[],
            Self::Computed(_, variables) => variables,
        }
    }

    /// What must be so for the operand not to be null: each of its variables has values.
    pub(super) fn conditions(&self) -> impl Iterator<Item = Expr> {
        let distinct = distinct(self.variables());
        distinct.into_iter().map(|path| has_values(variable(path)))
    }

    /// What must be so for the operand to be computed at all: two lists cannot be, even when they are empty.
    fn guards(&self) -> Vec<Expr> {
        match self {
            Self::Computed(_, variables) if variables.len() > 1 => {
                distinct(variables).into_iter().map(Expr::exists).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether a variable used as a condition counts as true.
    pub(super) fn has_values(&self) -> Expr {
        has_values(self.value())
    }
}

fn distinct(paths: &[Path]) -> Vec<Path> {
    let mut seen: Vec<Path> = Vec::new();
    for path in paths {
        if !seen.contains(path) {
            seen.push(path.clone());
        }
    }
    seen
}

fn variable(path: Path) -> Expr {
    Expr::default(path, empty())
}

fn list<'l>(constants: impl IntoIterator<Item = &'l Literal>) -> Expr {
    Expr::list(constants.into_iter().cloned().map(constant))
}

/// A constant; a duration with a fraction can only be written as a product.
fn constant(constant: Literal) -> Expr {
    match constant {
        Literal::Duration(duration) if duration.subsec_nanos() != 0 => {
            let second = literal(Literal::Duration(SignedDuration::from_secs(1)));
            let seconds = literal(Literal::Float(duration.as_secs_f64()));
            Expr::chain(second, Arithmetic::Multiply, seconds)
        }
        other => literal(other),
    }
}

/// Whether a constant is an address span of more than one address.
fn is_net(constant: &Literal) -> bool {
    matches!(constant, Literal::Ip(span) if !span.is_single())
}

/// Whether some value equals some constant. `in` would look into networks, so those are counted.
fn equals_some(value: &Operand, constants: &[Literal]) -> Expr {
    let (nets, others): (Vec<_>, Vec<_>) = constants.iter().partition(|constant| is_net(constant));
    let others = (!others.is_empty()).then(|| Expr::compare(value.value(), Comparison::In, list(others)));
    let nets = nets.into_iter().map(|net| {
        let same = Expr::compare(value.value(), Comparison::Equals, constant(net.clone()));
        Expr::compare(Expr::call("count", [same]), Comparison::Greater, Expr::int(0))
    });
    others.into_iter().chain(nets).reduce(Expr::or).unwrap_or_else(empty)
}

/// Whether some constant is an item of a value: for addresses, within one of its networks.
fn within(constants: &[Literal], value: &Operand) -> Expr {
    let (spans, others): (Vec<_>, Vec<_>) = constants
        .iter()
        .partition(|constant| matches!(constant, Literal::Ip(_)));
    let others = (!others.is_empty()).then(|| Expr::compare(value.value(), Comparison::In, list(others)));
    let spans = (!spans.is_empty()).then(|| Expr::compare(list(spans), Comparison::In, value.value()));
    others.into_iter().chain(spans).reduce(Expr::or).unwrap_or_else(empty)
}

/// The path without indexes; `None` when it has any.
fn dotted(path: &LegacyPath) -> Option<Path> {
    if path.steps().iter().any(|step| step.index.is_some()) {
        return None;
    }
    Path::parse(&path.to_string()).ok()
}

impl Converter {
    /// One side of a comparison or computation.
    pub(super) fn operand(&mut self, expr: &Expr, depth: usize) -> Option<Operand> {
        let Some(depth) = depth.checked_sub(1) else {
            return self.refuse(expr, ConvertErrorKind::TooDeep);
        };
        self.made(expr, 4)?;
        if let Some(constant) = constant_of(expr) {
            return Some(Operand::Constants(vec![constant.clone()]));
        }
        let ExprKind::Legacy(legacy) = &expr.kind else {
            return self.refuse(expr, ConvertErrorKind::Answer);
        };
        match legacy {
            Legacy::Variable(path) => match dotted(path) {
                Some(path) => Some(Operand::Variable(path)),
                None => self.refuse(expr, ConvertErrorKind::Index),
            },
            Legacy::Bare(bare) => Some(Operand::Constants(vec![Literal::Str(bare.text.clone())])),
            Legacy::List(items) => self.constants(items).map(Operand::Constants),
            Legacy::Exists(operand) => self.operand(operand, depth),
            Legacy::Call(call) => self.call(expr, call),
            Legacy::Chain(first, links) if links.iter().all(|link| link.op.level() == LegacyLevel::Compute) => {
                self.computed(first, links, depth)
            }
            Legacy::Not(_) | Legacy::Chain(..) => self.refuse(expr, ConvertErrorKind::Answer),
        }
    }

    fn constants(&mut self, items: &[Expr]) -> Option<Vec<Literal>> {
        let mut constants = Vec::with_capacity(items.len());
        for item in items {
            self.made(item, 1)?;
            constants.push(match &item.kind {
                ExprKind::Literal(constant) => constant.clone(),
                ExprKind::Legacy(Legacy::Bare(bare)) => Literal::Str(bare.text.clone()),
                _ => return self.refuse(item, ConvertErrorKind::VariableInList),
            });
        }
        Some(constants)
    }

    fn call(&mut self, expr: &Expr, call: &Call) -> Option<Operand> {
        let argument = match (&*call.name, call.arguments.as_slice()) {
            ("utcnow", []) => return Some(Operand::Computed(Expr::call("now", []), Vec::new())),
            ("size", [argument]) => argument,
            _ => return self.refuse(expr, ConvertErrorKind::Function),
        };
        let ExprKind::Legacy(Legacy::Variable(path)) = &argument.kind else {
            return self.refuse(expr, ConvertErrorKind::Function);
        };
        let Some(path) = dotted(path) else {
            return self.refuse(argument, ConvertErrorKind::Index);
        };
        // `length` would count the characters of a single text; joining it to a list makes sure that it is a list.
        let joined = Expr::chain(variable(path), Arithmetic::Concat, empty());
        Some(Operand::Computed(Expr::call("length", [joined]), Vec::new()))
    }

    /// A computation, which binds from right to left.
    fn computed(&mut self, first: &Expr, links: &[LegacyLink], depth: usize) -> Option<Operand> {
        if links.len() > depth {
            return self.refuse(first, ConvertErrorKind::TooDeep);
        }
        let operands: Vec<&Expr> = std::iter::once(first)
            .chain(links.iter().map(|link| &link.operand))
            .collect();
        let mut computed: Option<Operand> = None;
        let mut operators = links.iter().map(|link| link.op).rev();
        for operand in operands.into_iter().rev() {
            let left = self.operand(operand, depth)?;
            if let Operand::Constants(constants) = &left
                && !matches!(
                    constants.as_slice(),
                    [Literal::Int(_) | Literal::Float(_) | Literal::Time(_) | Literal::Duration(_)]
                )
            {
                return self.refuse(operand, ConvertErrorKind::Operand);
            }
            let mut variables = left.variables().to_vec();
            let left = left.value();
            computed = Some(match computed {
                None => Operand::Computed(left, variables),
                Some(right) => {
                    variables.extend(right.variables().iter().cloned());
                    let op = match operators.next()? {
                        LegacyOperator::Add => Arithmetic::Add,
                        LegacyOperator::Subtract => Arithmetic::Subtract,
                        LegacyOperator::Multiply => Arithmetic::Multiply,
                        LegacyOperator::Divide => Arithmetic::Divide,
                        _ => Arithmetic::Remainder,
                    };
                    Operand::Computed(Expr::chain(left, op, right.value()), variables)
                }
            });
        }
        computed
    }

    /// When a comparison is true.
    pub(super) fn compare(&mut self, expr: &Expr, op: LegacyOperator, left: &Operand, right: &Operand) -> Option<Expr> {
        use Operand::{Computed, Constants, Variable};
        if let (Constants(_), Constants(_)) = (left, right) {
            return self.refuse(expr, ConvertErrorKind::Constant);
        }
        let guards = [left.guards(), right.guards()].concat();
        let ordering = |op| Expr::compare(left.value(), op, right.value());
        let compared = match (op, left, right) {
            (LegacyOperator::Is, ..) => return self.refuse(expr, ConvertErrorKind::Is),
            (LegacyOperator::Like, Variable(_), Constants(patterns))
                if patterns.iter().all(|pattern| matches!(pattern, Literal::Str(_))) =>
            {
                ordering(Comparison::Matches)
            }
            (LegacyOperator::Like, ..) => return self.refuse(expr, ConvertErrorKind::Pattern),
            (LegacyOperator::Equal, value, Constants(constants))
            | (LegacyOperator::Equal, Constants(constants), value) => equals_some(value, constants),
            (LegacyOperator::Equal, Computed(..), _) | (LegacyOperator::Equal, _, Computed(..)) => {
                ordering(Comparison::AnyEqual)
            }
            (LegacyOperator::NotEqual, value, Constants(constants))
            | (LegacyOperator::NotEqual, Constants(constants), value) => match constants.as_slice() {
                [only] if !is_net(only) => Expr::not(Expr::call("all_in", [value.value(), list([only])])),
                _ => return self.refuse(expr, ConvertErrorKind::Pair),
            },
            (LegacyOperator::In, value, Constants(constants)) => {
                Expr::compare(value.value(), Comparison::In, list(constants))
            }
            (LegacyOperator::In, Constants(constants), value) => within(constants, value),
            (LegacyOperator::In, _, Variable(_)) => ordering(Comparison::In),
            (LegacyOperator::Equal | LegacyOperator::NotEqual | LegacyOperator::In, ..) => {
                return self.refuse(expr, ConvertErrorKind::Pair);
            }
            (op, ..) => {
                let unordered = |operand: &Operand| match operand {
                    Constants(constants) => constants
                        .iter()
                        .any(|one| matches!(one, Literal::Str(_) | Literal::Ip(_))),
                    _ => false,
                };
                if unordered(left) || unordered(right) {
                    return self.refuse(expr, ConvertErrorKind::Order);
                }
                ordering(match op {
                    LegacyOperator::Greater => Comparison::Greater,
                    LegacyOperator::GreaterOrEqual => Comparison::GreaterOrEqual,
                    LegacyOperator::Less => Comparison::Less,
                    _ => Comparison::LessOrEqual,
                })
            }
        };
        guards.into_iter().chain([compared]).reduce(Expr::and)
    }
}
