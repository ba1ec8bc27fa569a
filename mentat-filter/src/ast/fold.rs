//! Making one tree of another.

use super::{Expr, ExprKind, Legacy, Literal, Span};

/// What is still to be done.
enum Step {
    /// Take a node apart.
    Down(Expr),
    /// Put a node together from so many operands.
    Up(Expr, usize),
}

impl Expr {
    /// Replaces every node by what `change` makes of it, operands before the node that they belong to.
    ///
    /// The result is in normal form again: where an operand of `and` became an `and` itself, their operands are joined,
    /// and likewise for `or` and for operations of one precedence. Uses no stack, however deep the tree is.
    ///
    /// ```
    /// # #[cfg(feature = "parse")] {
    /// use mentat_filter::{Expr, ExprKind, Filter};
    /// let filter = Filter::parse("Source.IP4 in 10.0.0.0/8 and Port = 22").unwrap();
    /// let optional = filter.ast().clone().fold(&mut |node| match node.kind {
    ///     ExprKind::Variable(path) => Expr::default(path, Expr::list([])),
    ///     _ => node,
    /// });
    /// assert_eq!(optional.to_string(), "Source.IP4 ?? [] in 10.0.0.0/8 and Port ?? [] = 22");
    /// # }
    /// ```
    #[must_use]
    pub fn fold(self, change: &mut dyn FnMut(Self) -> Self) -> Self {
        let mut steps = vec![Step::Down(self)];
        let mut done = Vec::new();
        while let Some(step) = steps.pop() {
            match step {
                Step::Down(mut node) => {
                    let mut operands = Vec::new();
                    node.operands_mut(|operand| operands.push(std::mem::replace(operand, hole())));
                    steps.push(Step::Up(node, operands.len()));
                    steps.extend(operands.into_iter().rev().map(Step::Down));
                }
                Step::Up(mut node, count) => {
                    let mut operands = done.split_off(done.len().saturating_sub(count)).into_iter();
                    node.operands_mut(|operand| *operand = operands.next().unwrap_or_else(hole));
                    done.push(change(node.joined()));
                }
            }
        }
        done.pop().unwrap_or_else(hole)
    }

    /// This node in normal form, given that its operands are.
    fn joined(self) -> Self {
        let span = self.span;
        let node = match self.kind {
            ExprKind::And(operands) => Self::all(operands),
            ExprKind::Or(operands) => Self::any(operands),
            ExprKind::Chain(first, links) => links
                .into_iter()
                .fold(*first, |left, link| Self::chain(left, link.op, link.operand)),
            ExprKind::Legacy(Legacy::Chain(first, links)) => Legacy::chain(*first, links),
            kind => Self { kind, span },
        };
        Self { kind: node.kind, span }
    }
}

/// What stands for an operand that was taken out.
fn hole() -> Expr {
    Expr {
        kind: ExprKind::Literal(Literal::Int(0)),
        span: Span::default(),
    }
}
