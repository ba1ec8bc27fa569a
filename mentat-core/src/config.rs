//! Configuration, as typed parts.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;

/// The configuration of a whole program: one value for each type. A component takes its own part out, including one
/// that this crate has never heard of.
#[derive(Default)]
pub struct Config {
    parts: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
}

impl Config {
    /// A configuration without parts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a part, replacing an earlier one of that type.
    #[must_use]
    pub fn with<T: Any + Send + Sync>(mut self, part: T) -> Self {
        self.parts.insert(TypeId::of::<T>(), Box::new(part));
        self
    }

    /// The part of that type.
    #[must_use]
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.parts.get(&TypeId::of::<T>()).and_then(|part| part.downcast_ref())
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Parts may hold passwords: only their number is shown.
        f.debug_struct("Config").field("parts", &self.parts.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_by_type() {
        let config = Config::new().with(5_u8).with("text");
        assert_eq!(config.get::<u8>(), Some(&5));
        assert_eq!(config.get::<&str>(), Some(&"text"));
        assert_eq!(config.get::<u16>(), None);
    }
}
