//! The debug forms of the reference implementation, to show that the public tree has everything they need.

use mentat_filter::{BareKind, Expr, ExprKind, Legacy, LegacyOperator, Literal};

/// `COMPBINOP(OP_EQ;VARIABLE(a);INTEGER(1))`
pub(super) fn traversed(expr: &Expr) -> String {
    match part(expr) {
        Part::Leaf(kind, text, _) => format!("{kind}({text})"),
        Part::Unary(op, operand) => format!("UNOP({op};{})", traversed(operand)),
        Part::Binary(kind, op, left, right) => format!("{kind}({op};{};{})", traversed(left), traversed(&right)),
        Part::List(items) => format!("LIST({})", join(items, ", ", traversed)),
        Part::Call(name, arguments) => format!("FUNCTION({name};{})", join(arguments, ",", traversed)),
    }
}

/// `(a OP_EQ 1)`
pub(super) fn short(expr: &Expr) -> String {
    match part(expr) {
        Part::Leaf("CONSTANT", text, _) => format!("\"{text}\""),
        Part::Leaf(_, text, _) => text,
        Part::Unary(op, operand) => format!("({op} {})", short(operand)),
        Part::Binary(_, op, left, right) => format!("({} {op} {})", short(left), short(&right)),
        Part::List(items) => format!("[{}]", join(items, ", ", short)),
        Part::Call(name, arguments) => format!("{name}({})", join(arguments, "", |argument| long(argument) + ",")),
    }
}

/// `COMPBINOP(VARIABLE('a') OP_EQ INTEGER(1))`
pub(super) fn long(expr: &Expr) -> String {
    match part(expr) {
        Part::Leaf(kind, text, true) => format!("{kind}('{text}')"),
        Part::Leaf(kind, text, false) => format!("{kind}({text})"),
        Part::Unary(op, operand) => format!("UNOP({op} {})", long(operand)),
        Part::Binary(kind, op, left, right) => format!("{kind}({} {op} {})", long(left), long(&right)),
        Part::List(items) => format!("LIST({})", join(items, ", ", long)),
        Part::Call(..) => format!("FUNCTION({})", short(expr)),
    }
}

fn join(items: &[Expr], between: &str, form: impl Fn(&Expr) -> String) -> String {
    items.iter().map(form).collect::<Vec<_>>().join(between)
}

enum Part<'e> {
    /// Kind, text, and whether the long form quotes it.
    Leaf(&'static str, String, bool),
    Unary(&'static str, &'e Expr),
    Binary(&'static str, String, &'e Expr, Expr),
    List(&'e [Expr]),
    Call(&'e str, &'e [Expr]),
}

fn part(expr: &Expr) -> Part<'_> {
    let legacy = match &expr.kind {
        ExprKind::Literal(Literal::Int(value)) => return Part::Leaf("INTEGER", value.to_string(), false),
        ExprKind::Literal(Literal::Float(value)) => return Part::Leaf("FLOAT", value.to_string(), false),
        ExprKind::Literal(Literal::Str(text)) => return Part::Leaf("CONSTANT", text.to_string(), true),
        ExprKind::Legacy(legacy) => legacy,
        other => panic!("{other:?}"),
    };
    match legacy {
        Legacy::Variable(path) => Part::Leaf("VARIABLE", path.to_string(), true),
        Legacy::Bare(bare) => {
            let kind = match bare.kind {
                BareKind::Ip if bare.text.contains(':') => "IPV6",
                BareKind::Ip => "IPV4",
                BareKind::Time => "DATETIME",
                BareKind::Duration => "TIMEDELTA",
            };
            Part::Leaf(kind, bare.text.to_string(), true)
        }
        Legacy::Not(operand) => Part::Unary("OP_NOT", operand),
        Legacy::Exists(operand) => Part::Unary("OP_EXISTS", operand),
        Legacy::List(items) => Part::List(items),
        Legacy::Call(call) => Part::Call(&call.name, &call.arguments),
        Legacy::Chain(first, links) => {
            let mut links = links.clone();
            let next = links.remove(0);
            let right = if links.is_empty() {
                next.operand
            } else {
                Expr {
                    kind: ExprKind::Legacy(Legacy::Chain(Box::new(next.operand), links)),
                    span: expr.span,
                }
            };
            let (kind, name) = named(next.op);
            Part::Binary(kind, format!("OP_{name}"), first, right)
        }
    }
}

fn named(op: LegacyOperator) -> (&'static str, &'static str) {
    match op {
        LegacyOperator::Or => ("LOGBINOP", "OR"),
        LegacyOperator::Xor => ("LOGBINOP", "XOR"),
        LegacyOperator::And => ("LOGBINOP", "AND"),
        LegacyOperator::OrSymbol => ("LOGBINOP", "OR_P"),
        LegacyOperator::XorSymbol => ("LOGBINOP", "XOR_P"),
        LegacyOperator::AndSymbol => ("LOGBINOP", "AND_P"),
        LegacyOperator::Like => ("COMPBINOP", "LIKE"),
        LegacyOperator::In => ("COMPBINOP", "IN"),
        LegacyOperator::Is => ("COMPBINOP", "IS"),
        LegacyOperator::Equal => ("COMPBINOP", "EQ"),
        LegacyOperator::NotEqual => ("COMPBINOP", "NE"),
        LegacyOperator::Greater => ("COMPBINOP", "GT"),
        LegacyOperator::GreaterOrEqual => ("COMPBINOP", "GE"),
        LegacyOperator::Less => ("COMPBINOP", "LT"),
        LegacyOperator::LessOrEqual => ("COMPBINOP", "LE"),
        LegacyOperator::Add => ("MATHBINOP", "PLUS"),
        LegacyOperator::Subtract => ("MATHBINOP", "MINUS"),
        LegacyOperator::Multiply => ("MATHBINOP", "TIMES"),
        LegacyOperator::Divide => ("MATHBINOP", "DIVIDE"),
        LegacyOperator::Remainder => ("MATHBINOP", "MODULO"),
    }
}
