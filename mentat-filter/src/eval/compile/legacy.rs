//! From tree of the legacy dialect to program.

use super::{CompileError, CompileErrorKind, Compiler, fold};
use crate::ast::{Call, Expr, Legacy, LegacyIndex, LegacyLevel, LegacyLink, LegacyOperator, LegacyPath, Span};
use crate::eval::legacy::{LegacyNode, Link};
use crate::eval::node::Node;
use crate::pattern::Pattern;
use crate::subject::Subject;
use crate::value::Value;

/// The functions of the legacy dialect.
const FUNCTIONS: [&str; 4] = ["size", "strlen", "time", "utcnow"];

impl Compiler<'_> {
    // One function per kind of node, and loops instead of iterators, so that the recursion needs little of the stack.

    pub(super) fn legacy<S: Subject>(&mut self, legacy: &Legacy, span: Span) -> Node<S::Field> {
        match legacy {
            Legacy::Variable(path) => self.legacy_variable(path, span),
            Legacy::Bare(bare) => Node::Const(Value::from(&*bare.text)),
            Legacy::Not(operand) => self.legacy_not::<S>(operand),
            Legacy::Exists(operand) => self.node::<S>(operand),
            Legacy::Chain(first, links) if links.iter().all(|link| link.op.level() < LegacyLevel::Compare) => {
                self.legacy_logic::<S>(first, links)
            }
            Legacy::Chain(first, links) => self.legacy_chain::<S>(first, links),
            Legacy::List(items) => self.legacy_list::<S>(items),
            Legacy::Call(call) => self.legacy_call::<S>(call),
        }
    }

    fn legacy_variable<F>(&mut self, path: &LegacyPath, span: Span) -> Node<F> {
        let from_end = |index| matches!(index, Some(LegacyIndex::FromEnd(_)));
        if path.steps().iter().any(|step| from_end(step.index)) {
            self.errors.push(CompileError::new(CompileErrorKind::Index, span));
        }
        Node::Legacy(Box::new(LegacyNode::Variable(path.clone())))
    }

    fn legacy_not<S: Subject>(&mut self, operand: &Expr) -> Node<S::Field> {
        Node::Legacy(Box::new(LegacyNode::Not(self.node::<S>(operand))))
    }

    fn legacy_logic<S: Subject>(&mut self, first: &Expr, links: &[LegacyLink]) -> Node<S::Field> {
        let op = links.first().map_or(LegacyOperator::And, |link| link.op);
        let mut operands = vec![self.node::<S>(first)];
        for link in links {
            operands.push(self.node::<S>(&link.operand));
        }
        Node::Legacy(Box::new(LegacyNode::Logic(op, operands.into())))
    }

    fn legacy_list<S: Subject>(&mut self, items: &[Expr]) -> Node<S::Field> {
        Node::Legacy(Box::new(LegacyNode::List(self.nodes::<S>(items))))
    }

    fn legacy_chain<S: Subject>(&mut self, first: &Expr, links: &[LegacyLink]) -> Node<S::Field> {
        let mut operands = vec![self.node::<S>(first)];
        for link in links {
            operands.push(self.node::<S>(&link.operand));
        }
        self.linked(operands, first, links)
    }

    /// A chain of comparisons or computations from its compiled operands.
    fn linked<F>(&mut self, operands: Vec<Node<F>>, first: &Expr, links: &[LegacyLink]) -> Node<F> {
        let end = links.last().map_or(first.span, |last| last.operand.span);
        let mut left = first.span;
        let mut operands = operands.into_iter();
        let first = operands.next().unwrap_or(Node::Const(Value::Null));
        let mut compiled = Vec::with_capacity(links.len());
        for (at, (link, operand)) in links.iter().zip(operands).enumerate() {
            let is_last = at + 1 == links.len();
            let patterns = if link.op == LegacyOperator::Like && is_last {
                self.patterns(&operand, link.operand.span)
            } else {
                None
            };
            compiled.push(Link {
                op: link.op,
                operand,
                patterns,
                pattern_bytes: self.limits.pattern_bytes,
                span: left.to(end),
            });
            left = link.operand.span;
        }
        Node::Legacy(Box::new(LegacyNode::Chain(first, compiled.into())))
    }

    /// The regular expressions of a constant operand, unless it has anything but texts.
    fn patterns<F>(&mut self, operand: &Node<F>, span: Span) -> Option<Box<[Pattern]>> {
        let constants = match operand {
            Node::Legacy(node) => match &**node {
                LegacyNode::List(items) => items.iter().map(fold).collect::<Option<Vec<_>>>()?,
                _ => return None,
            },
            single => vec![fold(single)?],
        };
        let mut patterns = Vec::with_capacity(constants.len());
        for constant in constants {
            let Value::Str(text) = constant else { return None };
            match Pattern::regex(text, self.limits.pattern_bytes) {
                Ok(pattern) => patterns.push(pattern),
                Err(error) => {
                    let kind = CompileErrorKind::Pattern { reason: error.0 };
                    self.errors.push(CompileError::new(kind, span));
                }
            }
        }
        Some(patterns.into())
    }

    fn legacy_call<S: Subject>(&mut self, call: &Call) -> Node<S::Field> {
        let node = match (&*call.name, call.arguments.as_slice()) {
            ("time", []) => LegacyNode::Time,
            ("utcnow", []) => return Node::Now,
            ("size", [argument]) => LegacyNode::Size(self.node::<S>(argument), argument.span),
            ("strlen", [argument]) => LegacyNode::TextLength(self.node::<S>(argument), argument.span),
            (name, arguments) => {
                let kind = if FUNCTIONS.contains(&name) {
                    let takes = if matches!(name, "time" | "utcnow") {
                        "no arguments"
                    } else {
                        "one argument"
                    };
                    CompileErrorKind::Arguments {
                        function: name.into(),
                        takes: takes.into(),
                        found: arguments.len(),
                    }
                } else {
                    CompileErrorKind::LegacyFunction { name: name.into() }
                };
                self.errors.push(CompileError::new(kind, call.name_span));
                return Node::Const(Value::Null);
            }
        };
        Node::Legacy(Box::new(node))
    }
}
