//! The languages that filters are written in.

/// A language that filters are written in.
///
/// Both share their values; operators with the same name may differ in what they mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The language of this crate, after the reference implementation `ransack`.
    #[default]
    Ransack,
    /// The legacy language of old configurations, after the reference implementation `pynspect`: every operand is a
    /// list, a missing variable an empty one, and all operators bind from right to left.
    Pynspect,
}
