//! From tree to program.

use std::fmt;

use thiserror::Error;

use super::arith::{compute, negate, range};
use super::atom::Atom;
use super::compare::compare;
use super::node::{Node, length_of};
use crate::ast::{Call, Comparison, Expr, ExprKind, Link, Literal, Span};
use crate::context::Context;
use crate::path::Path;
use crate::report::Message;
use crate::subject::Subject;
use crate::value::Value;

/// What is wrong with a call.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CompileErrorKind {
    /// There is no such function.
    #[error("there is no function `{name}`")]
    UnknownFunction {
        /// The name as written.
        name: Box<str>,
    },
    /// The function takes another number of arguments.
    #[error("{function}() takes {takes}, not {found}")]
    Arguments {
        /// The name of the function.
        function: &'static str,
        /// What it takes.
        takes: &'static str,
        /// The number of arguments given.
        found: usize,
    },
}

/// One mistake that keeps a filter from being compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    kind: CompileErrorKind,
    span: Span,
}

impl CompileError {
    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> &CompileErrorKind {
        &self.kind
    }

    /// The part of the filter text, in bytes.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    /// A stable code: `F0401` and up.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self.kind {
            CompileErrorKind::UnknownFunction { .. } => "F0401",
            CompileErrorKind::Arguments { .. } => "F0402",
        }
    }

    fn hint(&self) -> Option<String> {
        let CompileErrorKind::UnknownFunction { name } = &self.kind else {
            return None;
        };
        let close = Function::ALL
            .iter()
            .find(|function| near(&name.to_ascii_lowercase(), function.name()))?;
        Some(format!("did you mean `{}`?", close.name()))
    }
}

/// Everything that keeps a filter from being compiled; never empty.
///
/// `Display` shows each with its source line when the filter was parsed from text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileErrors {
    pub(crate) source: Box<str>,
    errors: Vec<CompileError>,
}

impl CompileErrors {
    /// The mistakes, in the order of the text.
    #[must_use]
    pub fn errors(&self) -> &[CompileError] {
        &self.errors
    }
}

impl fmt::Display for CompileErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, error) in self.errors.iter().enumerate() {
            if at > 0 {
                f.write_str("\n\n")?;
            }
            if self.source.is_empty() {
                write!(f, "error[{}]: {}", error.code(), error.kind)?;
                continue;
            }
            let hint = error.hint();
            let message = Message {
                code: error.code(),
                title: &error.kind,
                span: error.span,
                expected: &[],
                hint: hint.as_deref(),
                source: &self.source,
            };
            message.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for CompileErrors {}

/// Whether two names differ by at most two letters at their ends, or one begins with the other.
fn near(one: &str, other: &str) -> bool {
    let shared = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    shared >= 2 && one.len().max(other.len()) <= shared + 4
}

/// The functions of the language.
#[derive(Clone, Copy)]
enum Function {
    Length,
    Len,
    Now,
}

impl Function {
    const ALL: [Self; 3] = [Self::Length, Self::Len, Self::Now];

    const fn name(self) -> &'static str {
        match self {
            Self::Length => "length",
            Self::Len => "len",
            Self::Now => "now",
        }
    }
}

/// Compiles a tree.
pub(super) fn compile<S: Subject>(expr: &Expr, context: &Context) -> Result<Node<S::Field>, CompileErrors> {
    let mut compiler = Compiler {
        context,
        errors: Vec::new(),
    };
    let node = compiler.node::<S>(expr);
    if compiler.errors.is_empty() {
        Ok(node)
    } else {
        Err(CompileErrors {
            source: Box::default(),
            errors: compiler.errors,
        })
    }
}

struct Compiler<'c> {
    context: &'c Context,
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
            ExprKind::And(operands) => Node::All(self.nodes::<S>(operands)),
            ExprKind::Or(operands) => Node::Any(self.nodes::<S>(operands)),
            ExprKind::Compare(op, left, right) => self.compare::<S>(*op, left, right, expr.span),
            ExprKind::Chain(first, links) => self.chain::<S>(first, links),
            ExprKind::Range(low, high) => self.range::<S>(low, high),
            ExprKind::Call(call) => self.call::<S>(call),
            ExprKind::List(items) => self.list::<S>(items),
        }
    }

    // One function per kind of node, so that the recursion above needs little of the stack.

    fn variable<S: Subject>(&self, path: &Path, span: Span) -> Node<S::Field> {
        match self.named(path) {
            Some(value) => Node::Const(value),
            None => Node::Field(S::bind(path), span),
        }
    }

    fn exists<S: Subject>(&self, path: &Path) -> Node<S::Field> {
        match self.named(path) {
            Some(_) => Node::Const(Value::Bool(true)),
            None => Node::Exists(S::bind(path)),
        }
    }

    fn default<S: Subject>(&mut self, path: &Path, default: &Expr) -> Node<S::Field> {
        // The default is compiled even when it is never used, so that its mistakes are found.
        let default = Box::new(self.node::<S>(default));
        match self.named(path) {
            Some(value) => Node::Const(value),
            None => Node::Default(S::bind(path), default),
        }
    }

    fn negate<S: Subject>(&mut self, operand: &Expr, span: Span) -> Node<S::Field> {
        let operand = Box::new(self.node::<S>(operand));
        match fold(&operand).and_then(|value| negate(value).ok()) {
            Some(value) => Node::Const(value),
            None => Node::Negate(operand, span),
        }
    }

    fn not<S: Subject>(&mut self, operand: &Expr) -> Node<S::Field> {
        Node::Not(Box::new(self.node::<S>(operand)))
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

    /// The value of the context that a path names. It is looked up by the whole text.
    fn named(&self, path: &Path) -> Option<Value> {
        if path.is_data_only() {
            return None;
        }
        match path.segments() {
            [name] => self.context.get(name).cloned(),
            _ => self.context.get(&path.to_string()).cloned(),
        }
    }

    fn compare<S: Subject>(&mut self, op: Comparison, left: &Expr, right: &Expr, span: Span) -> Node<S::Field> {
        let operands = Box::new((self.node::<S>(left), self.node::<S>(right)));
        if let (Some(left), Some(right)) = (fold(&operands.0), fold(&operands.1))
            && let Ok(answer) = compare(op, left.view(), right.view())
        {
            return Node::Const(Value::Bool(answer));
        }
        Atom::fuse(op, operands, span)
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

    fn call<S: Subject>(&mut self, call: &Call) -> Node<S::Field> {
        let arguments = self.nodes::<S>(&call.arguments);
        let Some(function) = Function::ALL
            .into_iter()
            .find(|function| function.name() == &*call.name)
        else {
            let kind = CompileErrorKind::UnknownFunction {
                name: call.name.clone(),
            };
            self.errors.push(CompileError {
                kind,
                span: call.name_span,
            });
            return Node::Const(Value::Null);
        };
        let found = arguments.len();
        let mut arguments = arguments.into_iter();
        match (function, arguments.next(), found) {
            (Function::Now, None, _) => Node::Now,
            (Function::Length | Function::Len, Some(argument), 1) => {
                let span = call.arguments.first().map_or(call.name_span, |argument| argument.span);
                match fold(&argument).and_then(|value| length_of(value.view(), function.name()).ok()) {
                    Some(value) => Node::Const(value),
                    None => Node::Length(Box::new(argument), function.name(), span),
                }
            }
            _ => {
                let takes = if let Function::Now = function {
                    "no arguments"
                } else {
                    "one argument"
                };
                let kind = CompileErrorKind::Arguments {
                    function: function.name(),
                    takes,
                    found,
                };
                let span = match (call.arguments.first(), call.arguments.last()) {
                    (Some(first), Some(last)) => first.span.to(last.span),
                    _ => call.name_span,
                };
                self.errors.push(CompileError { kind, span });
                Node::Const(Value::Null)
            }
        }
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

fn constant(literal: &Literal) -> Value {
    match literal {
        Literal::Int(value) => Value::Int(*value),
        Literal::Float(value) => Value::Float(*value),
        Literal::Str(value) => Value::Str(String::from(&**value)),
        Literal::Ip(value) => Value::Ip(*value),
        Literal::Time(value) => Value::Time(*value),
        Literal::Duration(value) => Value::Duration(*value),
    }
}
