//! What a filter may cost.

/// What a filter may cost at most, from its text to its evaluation.
///
/// Filters come from people who do not run the system, so every dimension has a bound. A program remembers the limits
/// that its filter was parsed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of text; 1 MiB.
    pub source_bytes: usize,
    /// Parentheses, lists, calls and minuses inside each other; 128.
    pub depth: usize,
    /// Items of one list; 100,000.
    pub list_items: usize,
    /// Constants, variables, operators, commas and brackets; 500,000.
    pub nodes: usize,
    /// Bytes that one compiled regular expression may take; 256 KiB.
    pub pattern_bytes: usize,
    /// Items that one evaluation may look at beyond the common comparisons of a field with constants; 10 million,
    /// some tens of milliseconds. Only comparisons of lists with lists come near it.
    pub steps: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            source_bytes: 1 << 20,
            depth: 128,
            list_items: 100_000,
            nodes: 500_000,
            pattern_bytes: 1 << 18,
            steps: 10_000_000,
        }
    }
}
