//! From tree to program.

mod call;
mod error;
mod legacy;

pub use error::{CompileError, CompileErrorKind, CompileErrors};

use super::arith::{compute, negate, range};
use super::atom::Atom;
use super::compare::compare;
use super::meter::Meter;
use super::node::Node;
use crate::ast::{Comparison, Expr, ExprKind, Link, Literal, Span};
use crate::context::Context;
use crate::limits::Limits;
use crate::path::Path;
use crate::subject::Subject;
use crate::value::Value;

/// How a tree is compiled.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    pub(crate) limits: Limits,
    /// Whether a comparison with a missing variable is false instead of an error.
    pub(crate) lenient: bool,
}

/// Compiles a tree, as a condition or as an operand, which differ where a filter is lenient.
pub(super) fn compile<S: Subject>(
    expr: &Expr,
    context: &Context,
    options: Options,
    is_condition: bool,
) -> Result<Node<S::Field>, CompileErrors> {
    let mut compiler = Compiler {
        context,
        limits: options.limits,
        lenient: options.lenient,
        errors: Vec::new(),
    };
    let node = if is_condition {
        compiler.condition::<S>(expr)
    } else {
        compiler.node::<S>(expr)
    };
    if compiler.errors.is_empty() {
        Ok(node)
    } else {
        Err(CompileErrors::new(compiler.errors))
    }
}

struct Compiler<'c> {
    context: &'c Context,
    limits: Limits,
    lenient: bool,
    errors: Vec<CompileError>,
}

impl Compiler<'_> {
    fn node<S: Subject>(&mut self, expr: &Expr) -> Node<S::Field> {
        match &expr.kind {
            ExprKind::Literal(literal) => Node::Const(constant(literal)),
            ExprKind::Variable(path) => self.variable::<S>(path, expr.span),
            ExprKind::Exists(path) => self.exists::<S>(path),
            ExprKind::Default(variable, default) => self.default::<S>(&variable.path, default),
            ExprKind::Negate(operand) => self.negate::<S>(operand, expr.span),
            ExprKind::Not(operand) => self.not::<S>(operand),
            ExprKind::And(operands) => Node::All(self.conditions::<S>(operands)),
            ExprKind::Or(operands) => Node::Any(self.conditions::<S>(operands)),
            ExprKind::Compare(op, left, right) => self.compare::<S>(*op, left, right, expr.span),
            ExprKind::Chain(first, links) => self.chain::<S>(first, links),
            ExprKind::Range(low, high) => self.range::<S>(low, high),
            ExprKind::Call(call) => self.call::<S>(call),
            ExprKind::List(items) => self.list::<S>(items),
            ExprKind::Legacy(legacy) => self.legacy::<S>(legacy, expr.span),
        }
    }

    // One function per kind of node, so that the recursion above needs little of the stack.

    fn variable<S: Subject>(&self, path: &Path, span: Span) -> Node<S::Field> {
        self.named::<S>(path)
            .unwrap_or_else(|| Node::Field(S::bind(path), span))
    }

    fn exists<S: Subject>(&self, path: &Path) -> Node<S::Field> {
        match self.named::<S>(path) {
            Some(_) => Node::Const(Value::Bool(true)),
            None => Node::Exists(S::bind(path)),
        }
    }

    fn default<S: Subject>(&mut self, path: &Path, default: &Expr) -> Node<S::Field> {
        // The default is compiled even when it is never used, so that its mistakes are found.
        let default = Box::new(self.node::<S>(default));
        self.named::<S>(path)
            .unwrap_or_else(|| Node::Default(S::bind(path), default))
    }

    fn negate<S: Subject>(&mut self, operand: &Expr, span: Span) -> Node<S::Field> {
        let operand = Box::new(self.node::<S>(operand));
        match fold(&operand).and_then(|value| negate(value).ok()) {
            Some(value) => Node::Const(value),
            None => Node::Negate(operand, span),
        }
    }

    fn not<S: Subject>(&mut self, operand: &Expr) -> Node<S::Field> {
        Node::Not(Box::new(self.condition::<S>(operand)))
    }

    /// An operand of logic, or the whole filter: where it is lenient, a missing variable makes it false.
    fn condition<S: Subject>(&mut self, expr: &Expr) -> Node<S::Field> {
        let node = self.node::<S>(expr);
        self.soften(node)
    }

    fn conditions<S: Subject>(&mut self, operands: &[Expr]) -> Box<[Node<S::Field>]> {
        operands.iter().map(|operand| self.condition::<S>(operand)).collect()
    }

    fn soften<F: Clone>(&self, node: Node<F>) -> Node<F> {
        match node {
            _ if !self.lenient => node,
            Node::Const(_) | Node::Exists(_) | Node::All(_) | Node::Any(_) | Node::Not(_) | Node::Lenient(..) => node,
            Node::Atom(atom) => Node::Atom(Box::new(atom.lenient())),
            // Exactly when `=` is not.
            Node::Compare(Comparison::NoneEqual, ..) => Node::Lenient(Box::new(node), true),
            other => Node::Lenient(Box::new(other), false),
        }
    }

    fn range<S: Subject>(&mut self, low: &Expr, high: &Expr) -> Node<S::Field> {
        let ends = Box::new((self.node::<S>(low), self.node::<S>(high)));
        match (fold(&ends.0), fold(&ends.1)) {
            (Some(low), Some(high)) => Node::Const(range(low.clone(), high.clone())),
            _ => Node::Range(ends),
        }
    }

    fn list<S: Subject>(&mut self, items: &[Expr]) -> Node<S::Field> {
        let items = self.nodes::<S>(items);
        if items.iter().all(|item| fold(item).is_some()) {
            Node::Const(Value::List(items.into_iter().filter_map(unwrap).collect()))
        } else {
            Node::List(items)
        }
    }

    fn nodes<S: Subject>(&mut self, operands: &[Expr]) -> Box<[Node<S::Field>]> {
        operands.iter().map(|operand| self.node::<S>(operand)).collect()
    }

    /// The value or set of the context that a path names. It is looked up by the whole text.
    fn named<S: Subject>(&self, path: &Path) -> Option<Node<S::Field>> {
        if path.is_data_only() {
            return None;
        }
        let text;
        let name = match path.segments() {
            [name] => &**name,
            _ => {
                text = path.to_string();
                &text
            }
        };
        let value = self.context.get(name).cloned().map(Node::Const);
        value.or_else(|| self.context.set_named(name).cloned().map(Node::Set))
    }

    fn compare<S: Subject>(&mut self, op: Comparison, left: &Expr, right: &Expr, span: Span) -> Node<S::Field> {
        let operands = Box::new((self.node::<S>(left), self.node::<S>(right)));
        self.related(op, operands, (left, right), span)
    }

    /// A comparison of compiled operands, apart from their compilation to keep that small on the stack.
    #[inline(never)]
    fn related<F: Clone>(
        &mut self,
        op: Comparison,
        operands: Box<(Node<F>, Node<F>)>,
        (left, right): (&Expr, &Expr),
        span: Span,
    ) -> Node<F> {
        if op == Comparison::Matches {
            let (operand, pattern) = *operands;
            return placed(self.matching(operand, &pattern, right.span, span), left);
        }
        if let (Some(left), Some(right)) = (fold(&operands.0), fold(&operands.1))
            && let Ok(answer) = compare(op, left.view(), right.view(), &Meter::new(self.limits.steps))
        {
            return Node::Const(Value::Bool(answer));
        }
        let is_field = matches!(operands.0, Node::Field(..) | Node::Default(..) | Node::Length(..));
        let node = placed(Atom::fuse(op, operands, span), if is_field { left } else { right });
        self.soften(node)
    }

    fn chain<S: Subject>(&mut self, first: &Expr, links: &[Link]) -> Node<S::Field> {
        let mut node = Box::new(self.node::<S>(first));
        let mut rest = Vec::with_capacity(links.len());
        for link in links {
            let operand = self.node::<S>(&link.operand);
            // Constants are folded from the left for as long as there are only such.
            if rest.is_empty()
                && let (Some(left), Some(right)) = (fold(&node), fold(&operand))
                && let Ok(value) = compute(link.op, left, right)
            {
                *node = Node::Const(value);
            } else {
                rest.push((link.op, operand, first.span.to(link.operand.span)));
            }
        }
        if rest.is_empty() {
            *node
        } else {
            Node::Chain(node, rest.into())
        }
    }
}

/// The node with the path that its operand reads, if it is an atom.
fn placed<F>(mut node: Node<F>, operand: &Expr) -> Node<F> {
    if let Node::Atom(atom) = &mut node {
        atom.path = read_by(operand).cloned();
    }
    node
}

fn read_by(expr: &Expr) -> Option<&Path> {
    match &expr.kind {
        ExprKind::Variable(path) => Some(path),
        ExprKind::Default(variable, _) => Some(&variable.path),
        ExprKind::Call(call) => call.arguments.first().and_then(read_by),
        _ => None,
    }
}

fn fold<F>(node: &Node<F>) -> Option<&Value> {
    if let Node::Const(value) = node {
        Some(value)
    } else {
        None
    }
}

fn unwrap<F>(node: Node<F>) -> Option<Value> {
    if let Node::Const(value) = node {
        Some(value)
    } else {
        None
    }
}

pub(crate) fn constant(literal: &Literal) -> Value {
    match literal {
        Literal::Int(value) => Value::Int(*value),
        Literal::Float(value) => Value::Float(*value),
        Literal::Str(value) => Value::Str(String::from(&**value)),
        Literal::Ip(value) => Value::Ip(*value),
        Literal::Time(value) => Value::Time(*value),
        Literal::Duration(value) => Value::Duration(*value),
    }
}
