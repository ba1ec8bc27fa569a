//! The tree from the tokens: an operator stack, so that neither long chains nor deep nesting need the machine's stack.

use super::grammar::Rule;
use crate::ast::{
    Bare, BareKind, Call, Expr, ExprKind, Legacy, LegacyLevel, LegacyLink, LegacyOperator, LegacyPath, Span,
};
use crate::limits::Limits;
use crate::syntax::literal;
use crate::syntax::{ParseError, ParseErrorKind};

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
    Not {
        start: u32,
    },
    Exists {
        start: u32,
    },
    Infix(LegacyOperator),
}

impl Pending {
    /// The precedence of an operator; brackets have none.
    fn level(&self) -> Option<LegacyLevel> {
        match self {
            Self::Group | Self::List { .. } | Self::Call { .. } => None,
            Self::Not { .. } => Some(LegacyLevel::Not),
            Self::Exists { .. } => Some(LegacyLevel::Exists),
            Self::Infix(op) => Some(op.level()),
        }
    }
}

pub(super) struct Builder<'t> {
    text: &'t str,
    limits: &'t Limits,
    operands: Vec<Expr>,
    pending: Vec<Pending>,
    /// A word that the next token may make the name of a function.
    word: Option<Span>,
    nodes: usize,
    pub(super) errors: Vec<ParseError>,
}

impl<'t> Builder<'t> {
    pub(super) fn new(text: &'t str, limits: &'t Limits) -> Self {
        Self {
            text,
            limits,
            operands: Vec::with_capacity(8),
            pending: Vec::with_capacity(8),
            word: None,
            nodes: 0,
            errors: Vec::new(),
        }
    }

    /// Takes the next token. Returns `None` when going on makes no sense; the reason is in `errors`.
    pub(super) fn token(&mut self, rule: Rule, span: Span) -> Option<()> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return self.fail(ParseErrorKind::TooManyNodes, span, None);
        }
        match self.word.take() {
            Some(name) if rule == Rule::copen => return self.open_call(name),
            Some(name) => self.variable(name),
            None => {}
        }
        match rule {
            Rule::word => self.word = Some(span),
            Rule::num => self.constant(span),
            Rule::string => self.push(ExprKind::Literal(literal::text(self.slice(span))), span),
            Rule::not => self.pending.push(Pending::Not { start: span.start }),
            Rule::exists => self.pending.push(Pending::Exists { start: span.start }),
            Rule::logic | Rule::infix => {
                // The grammar has let words in lower or upper case only.
                let op = LegacyOperator::read(&self.slice(span).to_ascii_lowercase())?;
                while self.pending.last().and_then(Pending::level) > Some(op.level()) {
                    self.reduce();
                }
                self.pending.push(Pending::Infix(op));
            }
            Rule::open => self.pending.push(Pending::Group),
            Rule::lopen => self.pending.push(Pending::List {
                start: span.start,
                first: self.operands.len(),
            }),
            Rule::close | Rule::lclose => self.close(span)?,
            _ => {}
        }
        Some(())
    }

    /// The finished tree.
    pub(super) fn finish(mut self) -> Result<Expr, Vec<ParseError>> {
        if let Some(name) = self.word.take() {
            self.variable(name);
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

    fn push(&mut self, kind: ExprKind, span: Span) {
        self.operands.push(Expr { kind, span });
    }

    fn variable(&mut self, span: Span) {
        match LegacyPath::parse(self.slice(span)) {
            Ok(path) => self.push(ExprKind::Legacy(Legacy::Variable(path)), span),
            // The grammar lets nothing through that is no path.
            Err(_) => self.errors.push(ParseError::new(ParseErrorKind::Unexpected, span)),
        }
    }

    /// Takes a token of the rule `num`. Only numbers are looked at; whether an address or time exists is the question
    /// of those who need it to.
    fn constant(&mut self, span: Span) {
        let text = self.slice(span);
        let bare = |kind| {
            ExprKind::Legacy(Legacy::Bare(Bare {
                kind,
                text: text.into(),
            }))
        };
        let bytes = text.as_bytes();
        let colons = bytes.iter().filter(|byte| **byte == b':').count();
        let kind = if bytes.get(4) == Some(&b'-') && bytes.contains(&b':') && bytes.get(10).is_some_and(is_t) {
            bare(BareKind::Time)
        } else if colons == 2 && is_duration(bytes) {
            bare(BareKind::Duration)
        } else if colons > 0 || bytes.iter().filter(|byte| **byte == b'.').count() >= 3 {
            bare(BareKind::Ip)
        } else {
            match literal::numeric(text) {
                Ok(literal) => ExprKind::Literal(literal),
                Err(kind) => return self.errors.push(ParseError::new(kind, span)),
            }
        };
        self.push(kind, span);
    }

    fn fail<T>(&mut self, kind: ParseErrorKind, span: Span, hint: Option<&'static str>) -> Option<T> {
        self.errors.push(ParseError {
            hint,
            ..ParseError::new(kind, span)
        });
        None
    }

    fn open_call(&mut self, name: Span) -> Option<()> {
        let text = self.slice(name);
        if text.len() < 3 || text.contains(['.', '-', '[']) {
            let hint = "the name of a function has three or more letters, digits and underscores, and nothing else";
            return self.fail(ParseErrorKind::FunctionName, name, Some(hint));
        }
        self.pending.push(Pending::Call {
            name: text.into(),
            name_span: name,
            first: self.operands.len(),
        });
        Some(())
    }

    fn close(&mut self, span: Span) -> Option<()> {
        self.reduce_to_bracket();
        let (start, first, name) = match self.pending.pop()? {
            Pending::List { start, first } => (start, first, None),
            Pending::Call { name, name_span, first } => (name_span.start, first, Some((name, name_span))),
            // A group leaves its only operand where it is.
            _ => return Some(()),
        };
        let items = self.operands.split_off(first.min(self.operands.len()));
        let span = Span::new(start, span.end);
        if items.len() > self.limits.list_items {
            return self.fail(ParseErrorKind::TooManyItems, span, None);
        }
        let legacy = match name {
            None => Legacy::List(items),
            Some((name, name_span)) => Legacy::Call(Call {
                name,
                name_span,
                arguments: items,
            }),
        };
        self.push(ExprKind::Legacy(legacy), span);
        Some(())
    }

    fn reduce_to_bracket(&mut self) {
        while self.pending.last().is_some_and(|top| top.level().is_some()) {
            self.reduce();
        }
    }

    /// Applies the operator on top of the stack, together with all of its level right below: they are one chain.
    fn reduce(&mut self) {
        let prefix = match self.pending.pop() {
            Some(Pending::Infix(op)) => return self.reduce_chain(op),
            other => other,
        };
        let Some(inner) = self.operands.pop() else { return };
        let end = inner.span.end;
        match prefix {
            Some(Pending::Not { start }) => {
                self.push(ExprKind::Legacy(Legacy::Not(Box::new(inner))), Span::new(start, end));
            }
            Some(Pending::Exists { start }) => {
                self.push(ExprKind::Legacy(Legacy::Exists(Box::new(inner))), Span::new(start, end));
            }
            _ => self.operands.push(inner),
        }
    }

    fn reduce_chain(&mut self, last: LegacyOperator) {
        let mut operators = vec![last];
        while let Some(Pending::Infix(op)) = self.pending.last()
            && op.level() == last.level()
        {
            operators.push(*op);
            self.pending.pop();
        }
        let from = self.operands.len().saturating_sub(operators.len());
        let operands = self.operands.split_off(from);
        let Some(first) = self.operands.pop() else { return };
        let links = operators.into_iter().rev().zip(operands);
        let links = links.map(|(op, operand)| LegacyLink { op, operand }).collect();
        self.operands.push(Legacy::chain(first, links));
    }
}

const fn is_t(byte: &u8) -> bool {
    matches!(*byte, b't' | b'T')
}

/// Whether a text with two colons ends as a duration does: `HH:MM:SS`, with nothing but days before.
fn is_duration(text: &[u8]) -> bool {
    let Some((days, clock)) = text.len().checked_sub(8).map(|at| text.split_at(at)) else {
        return false;
    };
    let clock = clock.iter().enumerate().all(|(at, byte)| match at {
        2 | 5 => *byte == b':',
        _ => byte.is_ascii_digit(),
    });
    clock
        && match days {
            [] => true,
            [days @ .., b'd' | b'D'] => !days.is_empty() && days.iter().all(u8::is_ascii_digit),
            _ => false,
        }
}
