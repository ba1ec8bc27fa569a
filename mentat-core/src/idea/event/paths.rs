//! Events by paths.

use super::Event;
use crate::idea::path::{self, SetError};
use crate::idea::subject::view;
use crate::idea::tree::Node;
use mentat_filter::{IndexedPath, Path, Presence, Subject, Value};
use std::ops::ControlFlow;

impl Event {
    /// All values that a dotted path leads to, as a filter sees them: lists on the way are followed into every item,
    /// a list at the end is given item by item, and what is missing or null gives nothing.
    ///
    /// ```
    /// use mentat_core::Event;
    /// let event: Event = r#"{"Source": [{"Port": [22, 80]}, {"Port": [443]}, {}]}"#.parse()?;
    /// let ports = event.values(&"Source.Port".parse().unwrap());
    /// assert_eq!(ports, [22.into(), 80.into(), 443.into()]);
    /// # Ok::<(), mentat_core::idea::Invalid>(())
    /// ```
    #[must_use]
    pub fn values(&self, path: &Path) -> Vec<Value> {
        let mut values = Vec::new();
        let presence = self.visit(&Self::bind(path), &mut |value| {
            values.push(value.to_value());
            ControlFlow::Continue(())
        });
        // A null that stands alone is no value; one in a list is an item like others.
        if presence == Presence::One {
            values.retain(|value| *value != Value::Null);
        }
        values
    }

    /// All values that an indexed path leads to. Without an index, or with `[*]`, a list gives all its items; `[n]`
    /// and `[#]` give one item of each list that has it. Nulls are values; what does not fit the path gives nothing.
    ///
    /// ```
    /// use mentat_core::Event;
    /// let event: Event = r#"{"Source": [{"Port": [22, 80]}, {"Port": [443]}]}"#.parse()?;
    /// assert_eq!(event.get(&"Source.Port[1]".parse().unwrap()), [22.into(), 443.into()]);
    /// assert_eq!(event.get(&"Source[1].Port[#]".parse().unwrap()), [80.into()]);
    /// # Ok::<(), mentat_core::idea::Invalid>(())
    /// ```
    #[must_use]
    pub fn get(&self, path: &IndexedPath) -> Vec<Value> {
        let nodes = path::get(&self.root, path);
        nodes.into_iter().map(|node| view(node).to_value()).collect()
    }

    /// Whether the first value that an indexed path leads to is there and is not null.
    #[must_use]
    pub fn exists(&self, path: &IndexedPath) -> bool {
        path::get(&self.root, path)
            .first()
            .is_some_and(|node| **node != Node::Null)
    }

    /// Takes out the key or list item that an indexed path leads to, or with `[*]` at the end the whole list, and says
    /// whether there was any. Lists on the way that have no index are followed into every item.
    ///
    /// ```
    /// use mentat_core::Event;
    /// let mut event: Event = r#"{"Source": [{"Note": "a"}, {"Note": "b", "Port": [22]}]}"#.parse()?;
    /// assert_eq!(event.unset(&"Source.Note".parse().unwrap()), Ok(true));
    /// assert_eq!(event.unset(&"Source[9].Port".parse().unwrap()), Ok(false));
    /// assert_eq!(event.to_json(), r#"{"Source": [{}, {"Port": [22]}]}"#);
    /// # Ok::<(), mentat_core::idea::Invalid>(())
    /// ```
    ///
    /// # Errors
    /// [`SetError`] if an index is put on something that is no list, or the path goes on below something that is no
    /// object. The event is then as it was.
    pub fn unset(&mut self, path: &IndexedPath) -> Result<bool, SetError> {
        let changed = path::unset(&mut self.root, path)?;
        self.modified |= changed;
        Ok(changed)
    }
}
