//! Going through a tree.

use super::{Expr, ExprKind, Legacy};

/// Shows each operand of a node in the order of the text; for shared and for exclusive access.
macro_rules! operands {
    ($kind:expr, $see:expr, $each:ident) => {
        match $kind {
            ExprKind::Literal(_)
            | ExprKind::Variable(_)
            | ExprKind::Exists(_)
            | ExprKind::Legacy(Legacy::Variable(_) | Legacy::Bare(_)) => {}
            ExprKind::Default(_, operand)
            | ExprKind::Negate(operand)
            | ExprKind::Not(operand)
            | ExprKind::Legacy(Legacy::Not(operand) | Legacy::Exists(operand)) => $see(operand),
            ExprKind::Compare(_, left, right) | ExprKind::Range(left, right) => {
                $see(left);
                $see(right);
            }
            ExprKind::And(operands)
            | ExprKind::Or(operands)
            | ExprKind::List(operands)
            | ExprKind::Legacy(Legacy::List(operands)) => operands.$each().for_each($see),
            ExprKind::Call(call) | ExprKind::Legacy(Legacy::Call(call)) => call.arguments.$each().for_each($see),
            ExprKind::Chain(first, links) => {
                $see(first);
                links.$each().for_each(|link| {
                    let super::Link { operand, .. } = link;
                    $see(operand);
                });
            }
            ExprKind::Legacy(Legacy::Chain(first, links)) => {
                $see(first);
                links.$each().for_each(|link| {
                    let super::LegacyLink { operand, .. } = link;
                    $see(operand);
                });
            }
        }
    };
}

/// What goes through a tree with [`Expr::visit`].
///
/// ```
/// # #[cfg(feature = "parse")] {
/// use mentat_filter::{Expr, ExprKind, Filter, Visitor};
///
/// /// The deepest nesting of logic.
/// #[derive(Default)]
/// struct Depth { now: usize, most: usize }
///
/// impl<'e> Visitor<'e> for Depth {
///     fn enter(&mut self, node: &'e Expr) -> bool {
///         self.now += 1;
///         self.most = self.most.max(self.now);
///         // What is inside a comparison does not matter here.
///         !matches!(node.kind, ExprKind::Compare(..))
///     }
///     fn leave(&mut self, _: &'e Expr) {
///         self.now -= 1;
///     }
/// }
///
/// let mut depth = Depth::default();
/// Filter::parse("a = 1 and (b = 2 or not c = 3)").unwrap().ast().visit(&mut depth);
/// assert_eq!(depth.most, 4);
/// # }
/// ```
pub trait Visitor<'e> {
    /// Sees a node before its operands, and says whether to go into them.
    fn enter(&mut self, node: &'e Expr) -> bool {
        let _ = node;
        true
    }

    /// Sees a node after its operands.
    fn leave(&mut self, node: &'e Expr) {
        let _ = node;
    }
}

impl Expr {
    /// Shows each operand of this node in the order of the text, but not what is below them.
    pub fn operands<'e>(&'e self, mut see: impl FnMut(&'e Self)) {
        operands!(&self.kind, see, iter);
    }

    /// [`Expr::operands`], to change them in place.
    pub fn operands_mut(&mut self, mut see: impl FnMut(&mut Self)) {
        operands!(&mut self.kind, see, iter_mut);
    }

    /// Takes a visitor through this node and everything below it, operands in the order of the text.
    ///
    /// Uses no stack, however deep the tree is.
    pub fn visit<'e>(&'e self, visitor: &mut impl Visitor<'e>) {
        // Each node waits to be entered, and once it has been, to be left.
        let mut waiting = vec![(self, false)];
        while let Some((node, entered)) = waiting.pop() {
            if entered {
                visitor.leave(node);
                continue;
            }
            waiting.push((node, true));
            if visitor.enter(node) {
                let before = waiting.len();
                node.operands(|operand| waiting.push((operand, false)));
                if let Some(operands) = waiting.get_mut(before..) {
                    operands.reverse();
                }
            }
        }
    }

    /// Shows this node and every one below it, parents before their operands, operands in the order of the text.
    pub fn walk<'e>(&'e self, see: &mut dyn FnMut(&'e Self)) {
        struct See<'s, 'e>(&'s mut dyn FnMut(&'e Expr));

        impl<'e> Visitor<'e> for See<'_, 'e> {
            fn enter(&mut self, node: &'e Expr) -> bool {
                (self.0)(node);
                true
            }
        }

        self.visit(&mut See(see));
    }
}
