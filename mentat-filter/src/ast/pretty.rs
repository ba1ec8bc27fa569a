//! A tree as text of several lines.

use std::fmt::Write;

use super::legacy::is_tighter;
use super::{Expr, ExprKind, Legacy, LegacyLevel, LegacyText, Level};
use crate::dialect::Dialect;

/// How much further in the operands of a node stand.
const INDENT: usize = 2;

/// Prints a tree in lines of at most `width` characters, as far as constants and names allow.
///
/// Breaks only stand where the canonical text has a blank or where a bracket opens or closes, so it is read as the
/// same tree.
pub(crate) fn pretty(expr: &Expr, dialect: Dialect, width: usize) -> String {
    let mut page = Page {
        text: String::new(),
        column: 0,
        width,
    };
    let place = match dialect {
        Dialect::Ransack => Place::Plain(Level::Or),
        Dialect::Pynspect => Place::Legacy(None),
    };
    page.put(expr, place, 0, 0);
    page.text
}

/// Where an operand stands, which decides on its parentheses.
#[derive(Clone, Copy)]
enum Place {
    /// Where it has to bind at least so tightly.
    Plain(Level),
    /// In the legacy dialect, where it has to bind more tightly than this.
    Legacy(Option<LegacyLevel>),
}

impl Place {
    fn needs_parentheses(self, expr: &Expr) -> bool {
        match self {
            Self::Plain(least) => expr.is_looser(least),
            Self::Legacy(around) => around.is_some_and(|around| !is_tighter(expr, around)),
        }
    }

    /// The operand in one line.
    fn text(self, expr: &Expr) -> String {
        let text = match self {
            Self::Plain(_) => expr.to_string(),
            Self::Legacy(_) => LegacyText(expr).to_string(),
        };
        if self.needs_parentheses(expr) {
            format!("({text})")
        } else {
            text
        }
    }
}

struct Page {
    text: String,
    /// Characters in the last line.
    column: usize,
    width: usize,
}

impl Page {
    fn write(&mut self, text: &str) {
        self.text.push_str(text);
        self.column = match text.rsplit_once('\n') {
            Some((_, last)) => last.chars().count(),
            None => self.column + text.chars().count(),
        };
    }

    fn line(&mut self, indent: usize) {
        let _ = write!(self.text, "\n{:indent$}", "");
        self.column = indent;
    }

    /// Prints an operand; `after` characters follow it on its last line.
    fn put(&mut self, expr: &Expr, place: Place, indent: usize, after: usize) {
        let flat = place.text(expr);
        if self.column + flat.chars().count() + after <= self.width || !is_breakable(expr) {
            self.write(&flat);
        } else if place.needs_parentheses(expr) {
            self.write("(");
            self.line(indent + INDENT);
            self.spread(expr, indent + INDENT, 0);
            self.line(indent);
            self.write(")");
        } else {
            self.spread(expr, indent, after);
        }
    }

    /// Prints a node over several lines.
    fn spread(&mut self, expr: &Expr, indent: usize, after: usize) {
        match &expr.kind {
            ExprKind::And(operands) => self.chain(operands.iter().map(|operand| ("and ", operand)), Level::Not, indent),
            ExprKind::Or(operands) => self.chain(operands.iter().map(|operand| ("or ", operand)), Level::And, indent),
            ExprKind::Not(operand) => {
                self.write("not ");
                self.put(operand, Place::Plain(Level::Compare), indent, after);
            }
            ExprKind::Compare(op, left, right) => {
                let operator = format!(" {} ", op.symbol());
                self.put(left, Place::Plain(left.level_before(*op)), indent, operator.len());
                self.write(&operator);
                self.put(right, Place::Plain(Level::Sum), indent, after);
            }
            ExprKind::Default(variable, default) => {
                self.write(&format!("{} ?? ", variable.path));
                self.put(default, Place::Plain(Level::Atom), indent, after);
            }
            ExprKind::List(items) => self.list("[", items, "]", Place::Plain(Level::Atom), indent),
            ExprKind::Call(call) => {
                self.list(
                    &format!("{}(", call.name),
                    &call.arguments,
                    ")",
                    Place::Plain(Level::Or),
                    indent,
                );
            }
            ExprKind::Legacy(Legacy::Not(operand)) => {
                self.write("not ");
                self.put(operand, Place::Legacy(Some(LegacyLevel::Not)), indent, after);
            }
            ExprKind::Legacy(Legacy::Exists(operand)) => {
                self.write("exists ");
                self.put(operand, Place::Legacy(Some(LegacyLevel::Exists)), indent, after);
            }
            ExprKind::Legacy(Legacy::Chain(first, links)) => self.legacy_chain(first, links, indent, after),
            ExprKind::Legacy(Legacy::List(items)) => self.list("[", items, "]", Place::Legacy(None), indent),
            ExprKind::Legacy(Legacy::Call(call)) => {
                self.list(
                    &format!("{}(", call.name),
                    &call.arguments,
                    ")",
                    Place::Legacy(None),
                    indent,
                );
            }
            _ => self.write(&expr.to_string()),
        }
    }

    /// One operand per line, each but the first with its operator before it.
    fn chain<'e>(&mut self, operands: impl Iterator<Item = (&'static str, &'e Expr)>, least: Level, indent: usize) {
        for (at, (operator, operand)) in operands.enumerate() {
            if at > 0 {
                self.line(indent);
                self.write(operator);
            }
            self.put(operand, Place::Plain(least), indent, 0);
        }
    }

    fn legacy_chain(&mut self, first: &Expr, links: &[super::LegacyLink], indent: usize, after: usize) {
        let level = links.first().map(|link| link.op.level());
        let lines = level.is_some_and(|level| level < LegacyLevel::Compare);
        self.put(first, Place::Legacy(level), indent, 0);
        for link in links {
            if lines {
                self.line(indent);
            } else {
                self.write(" ");
            }
            self.write(&format!("{} ", link.op.symbol()));
            self.put(
                &link.operand,
                Place::Legacy(level),
                indent,
                if lines { 0 } else { after },
            );
        }
    }

    /// Items in brackets, as many on a line as fit.
    fn list(&mut self, open: &str, items: &[Expr], close: &str, place: Place, indent: usize) {
        self.write(open);
        let inner = indent + INDENT;
        self.line(inner);
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                let room = self.width.saturating_sub(self.column + 2);
                if place.text(item).chars().count() <= room {
                    self.write(" ");
                } else {
                    self.line(inner);
                }
            }
            self.put(item, place, inner, 1);
            if at + 1 < items.len() {
                self.write(",");
            }
        }
        self.line(indent);
        self.write(close);
    }
}

/// Whether a node can be printed over several lines.
fn is_breakable(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::And(_) | ExprKind::Or(_) => true,
        ExprKind::List(items) | ExprKind::Legacy(Legacy::List(items)) => !items.is_empty(),
        ExprKind::Call(call) | ExprKind::Legacy(Legacy::Call(call)) => !call.arguments.is_empty(),
        ExprKind::Compare(_, left, right) => is_breakable(left) || is_breakable(right),
        ExprKind::Not(operand) | ExprKind::Default(_, operand) => is_breakable(operand),
        ExprKind::Legacy(Legacy::Not(operand) | Legacy::Exists(operand)) => is_breakable(operand),
        ExprKind::Legacy(Legacy::Chain(first, links)) => {
            links.iter().any(|link| link.op.level() < LegacyLevel::Compare)
                || is_breakable(first)
                || links.iter().any(|link| is_breakable(&link.operand))
        }
        _ => false,
    }
}
