//! The tree from the tokens: an operator stack, so that neither long chains nor deep nesting need the machine's stack.

use super::error::{ParseError, ParseErrorKind};
use super::grammar::Rule;
use super::literal;
use super::unexpected::NOT;
use crate::ast::{Arithmetic, Call, Comparison, Expr, ExprKind, Level, Literal, Span, Variable};
use crate::limits::Limits;
use crate::path::Path;

/// What waits for its right operand, or for its closing bracket.
enum Pending {
    Group,
    List {
        start: u32,
        first: usize,
    },
    Call {
        name: Box<str>,
        name_span: Span,
        first: usize,
    },
    Negate {
        start: u32,
    },
    Not {
        start: u32,
    },
    Default(Variable),
    And,
    Or,
    Compare(Comparison),
    Chain(Arithmetic),
    Range,
}

impl Pending {
    /// The precedence of an operator that stands between or before operands; brackets have none.
    fn level(&self) -> Option<Level> {
        match self {
            Self::Group | Self::List { .. } | Self::Call { .. } => None,
            Self::Negate { .. } => Some(Level::Atom),
            Self::Not { .. } => Some(Level::Not),
            Self::Default(_) => Some(Level::Exists),
            Self::And => Some(Level::And),
            Self::Or => Some(Level::Or),
            Self::Compare(_) => Some(Level::Compare),
            Self::Chain(op) => Some(op.level()),
            Self::Range => Some(Level::Join),
        }
    }
}

/// A word, and the `??` after it if there is one.
#[derive(Clone, Copy)]
struct Word {
    name: Span,
    mark: Option<Span>,
}

pub(super) struct Builder<'t> {
    text: &'t str,
    limits: &'t Limits,
    operands: Vec<Expr>,
    pending: Vec<Pending>,
    /// A word whose role the next token decides: variable, function, or variable with `??`.
    word: Option<Word>,
    /// Brackets and minuses open.
    depth: usize,
    /// Operands and operators so far.
    nodes: usize,
    pub(super) errors: Vec<ParseError>,
    /// Where the last operator stands that does not go with the one before it.
    last_refused: Option<u32>,
}

impl<'t> Builder<'t> {
    pub(super) fn new(text: &'t str, limits: &'t Limits) -> Self {
        Self {
            text,
            limits,
            operands: Vec::with_capacity(8),
            pending: Vec::with_capacity(8),
            word: None,
            depth: 0,
            nodes: 0,
            errors: Vec::new(),
            last_refused: None,
        }
    }

    /// Takes the next token. Returns `None` when going on makes no sense; the reason is in `errors`.
    pub(super) fn token(&mut self, rule: Rule, span: Span) -> Option<()> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            self.fail(ParseErrorKind::TooManyNodes, span, None);
            return None;
        }
        match (self.word.take(), rule) {
            (Some(Word { name, mark: None }), Rule::copen) => return self.open_call(name, span),
            (Some(Word { name, mark: None }), Rule::mark) => {
                self.word = Some(Word { name, mark: Some(span) });
                return Some(());
            }
            (Some(Word { name, mark: Some(_) }), rule) if begins_operand(rule) => {
                let variable = Variable {
                    path: self.path(name),
                    span: name,
                };
                self.pending.push(Pending::Default(variable));
            }
            (Some(word), _) => self.variable(word),
            (None, _) => {}
        }
        match rule {
            Rule::word => self.word = Some(Word { name: span, mark: None }),
            Rule::num => self.literal(literal::numeric(self.slice(span)), span),
            Rule::string => self.literal(Ok(literal::text(self.slice(span))), span),
            Rule::neg => {
                self.deeper(span)?;
                self.pending.push(Pending::Negate { start: span.start });
            }
            Rule::not => self.pending.push(Pending::Not { start: span.start }),
            Rule::logic => {
                let and = matches!(self.slice(span).as_bytes(), [b'a' | b'A' | b'&', ..]);
                self.operator(if and { Pending::And } else { Pending::Or }, span)?;
            }
            Rule::infix => {
                let operator = infix(self.slice(span));
                self.operator(operator, span)?;
            }
            Rule::open => {
                self.deeper(span)?;
                self.pending.push(Pending::Group);
            }
            Rule::lopen => {
                self.deeper(span)?;
                self.pending.push(Pending::List {
                    start: span.start,
                    first: self.operands.len(),
                });
            }
            Rule::comma => self.reduce_to_bracket(),
            Rule::close | Rule::lclose => self.close(span)?,
            _ => {}
        }
        Some(())
    }

    /// The finished tree.
    pub(super) fn finish(mut self) -> Result<Expr, Vec<ParseError>> {
        if let Some(word) = self.word.take() {
            self.variable(word);
        }
        self.reduce_to_bracket();
        match self.operands.pop() {
            Some(root) if self.errors.is_empty() => Ok(root),
            _ => Err(self.errors),
        }
    }

    fn slice(&self, span: Span) -> &'t str {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or_default()
    }

    /// Takes a word that is a variable, or asks whether there is one.
    fn variable(&mut self, word: Word) {
        let path = self.path(word.name);
        self.operand(match word.mark {
            None => Expr {
                kind: ExprKind::Variable(path),
                span: word.name,
            },
            Some(mark) => Expr {
                kind: ExprKind::Exists(path),
                span: word.name.to(mark),
            },
        });
    }

    fn path(&self, span: Span) -> Path {
        Path::known(self.slice(span))
    }

    fn fail(&mut self, kind: ParseErrorKind, span: Span, hint: Option<&'static str>) {
        self.errors.push(ParseError {
            hint,
            ..ParseError::new(kind, span)
        });
    }

    fn deeper(&mut self, span: Span) -> Option<()> {
        self.depth += 1;
        if self.depth > self.limits.depth {
            self.fail(ParseErrorKind::TooDeep, span, None);
            return None;
        }
        Some(())
    }

    fn literal(&mut self, literal: Result<Literal, ParseErrorKind>, span: Span) {
        let literal = literal.unwrap_or_else(|kind| {
            self.fail(kind, span, None);
            // Building goes on so that the other constants are checked as well.
            Literal::Int(0)
        });
        self.operand(Expr {
            kind: ExprKind::Literal(literal),
            span,
        });
    }

    /// Takes a complete operand; what binds at least as tightly as `??` is applied at once.
    fn operand(&mut self, expr: Expr) {
        self.operands.push(expr);
        while let Some(Pending::Negate { .. } | Pending::Default(_)) = self.pending.last() {
            self.reduce();
        }
    }

    fn operator(&mut self, operator: Pending, span: Span) -> Option<()> {
        let level = operator.level()?;
        while let Some(top) = self.pending.last()
            && let Some(waiting) = top.level()
            && waiting >= level
        {
            let ranges = matches!(top, Pending::Range) || matches!(operator, Pending::Range);
            self.reduce();
            match (waiting, level) {
                (Level::Compare, Level::Compare) => self.refuse(ParseErrorKind::ChainedComparison, span),
                (Level::Join, Level::Join) if ranges => self.refuse(ParseErrorKind::MixedJoin, span),
                _ => {}
            }
        }
        self.pending.push(operator);
        Some(())
    }

    /// Notes an operator that does not go with the one before it, once for a whole chain. What is on its left is
    /// forgotten, and building goes on so that more mistakes are found.
    fn refuse(&mut self, kind: ParseErrorKind, span: Span) {
        let Some(left) = self.operands.last_mut() else { return };
        left.kind = ExprKind::Literal(Literal::Int(0));
        let start = left.span.start;
        if self.last_refused.is_none_or(|last| last < start) {
            self.fail(kind, span, None);
        }
        self.last_refused = Some(span.start);
    }

    fn open_call(&mut self, name: Span, span: Span) -> Option<()> {
        let text = self.slice(name);
        if text.contains(['.', '-']) || text.eq_ignore_ascii_case("not") {
            let hint = text.eq_ignore_ascii_case("not").then_some(NOT);
            self.fail(ParseErrorKind::FunctionName, name, hint);
        }
        self.deeper(span)?;
        self.pending.push(Pending::Call {
            name: text.into(),
            name_span: name,
            first: self.operands.len(),
        });
        Some(())
    }

    fn close(&mut self, span: Span) -> Option<()> {
        self.reduce_to_bracket();
        self.depth = self.depth.saturating_sub(1);
        let (first, start) = match self.pending.last()? {
            Pending::List { first, start } => (*first, *start),
            Pending::Call { first, name_span, .. } => (*first, name_span.start),
            _ => {
                // A group leaves its only operand where it is, but what waited before it may now be applied.
                self.pending.pop();
                let inner = self.operands.pop()?;
                self.operand(inner);
                return Some(());
            }
        };
        let items = self.operands.split_off(first.min(self.operands.len()));
        let span = Span::new(start, span.end);
        if items.len() > self.limits.list_items {
            self.fail(ParseErrorKind::TooManyItems, span, None);
            return None;
        }
        let kind = match self.pending.pop()? {
            Pending::Call { name, name_span, .. } => ExprKind::Call(Call {
                name,
                name_span,
                arguments: items,
            }),
            _ => ExprKind::List(items),
        };
        self.operand(Expr { kind, span });
        Some(())
    }

    fn reduce_to_bracket(&mut self) {
        while self.pending.last().is_some_and(|top| top.level().is_some()) {
            self.reduce();
        }
    }

    /// Applies the operator on top of the stack.
    fn reduce(&mut self) {
        let (Some(operator), Some(right)) = (self.pending.pop(), self.operands.pop()) else {
            return;
        };
        let expr = match operator {
            Pending::Negate { start } => {
                self.depth = self.depth.saturating_sub(1);
                let span = Span::new(start, right.span.end);
                Expr {
                    kind: ExprKind::Negate(Box::new(right)),
                    span,
                }
            }
            Pending::Not { start } => {
                let span = Span::new(start, right.span.end);
                Expr {
                    kind: ExprKind::Not(Box::new(right)),
                    span,
                }
            }
            Pending::Default(variable) => {
                let span = variable.span.to(right.span);
                Expr {
                    kind: ExprKind::Default(variable, Box::new(right)),
                    span,
                }
            }
            infix => {
                let Some(left) = self.operands.pop() else { return };
                match infix {
                    Pending::And => Expr::and(left, right),
                    Pending::Or => Expr::or(left, right),
                    Pending::Compare(op) => Expr::compare(left, op, right),
                    Pending::Chain(op) => Expr::chain(left, op, right),
                    _ => Expr::range(left, right),
                }
            }
        };
        self.operands.push(expr);
    }
}

/// Whether a token after `??` is the beginning of a default.
fn begins_operand(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::neg | Rule::word | Rule::num | Rule::string | Rule::open | Rule::lopen
    )
}

fn infix(text: &str) -> Pending {
    match text {
        ">" => Pending::Compare(Comparison::Greater),
        ">=" => Pending::Compare(Comparison::GreaterOrEqual),
        "<" => Pending::Compare(Comparison::Less),
        "<=" => Pending::Compare(Comparison::LessOrEqual),
        "=" => Pending::Compare(Comparison::AnyEqual),
        "==" => Pending::Compare(Comparison::Equals),
        "!=" => Pending::Compare(Comparison::NoneEqual),
        "+" => Pending::Chain(Arithmetic::Add),
        "-" => Pending::Chain(Arithmetic::Subtract),
        "*" => Pending::Chain(Arithmetic::Multiply),
        "/" => Pending::Chain(Arithmetic::Divide),
        "%" => Pending::Chain(Arithmetic::Remainder),
        "." => Pending::Chain(Arithmetic::Concat),
        ".." => Pending::Range,
        word if word.len() == 2 => Pending::Compare(Comparison::In),
        word if word.len() == 7 => Pending::Compare(Comparison::Matches),
        _ => Pending::Compare(Comparison::Contains),
    }
}
